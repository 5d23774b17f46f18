package log

import (
	"fmt"
	"math/rand"
	"time"
)

// Draw makes a program, and options for it but for the hand-over. Everything random about the case is in it: its text runs
// again. Sizes have edges: values that fill an arena, and one byte to either side.
func Draw(random *rand.Rand, s Shape) Case {
	s = s.WithDefaults()
	d := drawing{Shape: s, random: random}
	c := Case{Options: d.options()}
	d.arena = max(64, c.Options.Arena)
	for i := range 1 + random.Intn(d.Threads) {
		t := Thread{Name: fmt.Sprintf("t%d", i)}
		for range 1 + random.Intn(d.Operations) {
			t.Operations = append(t.Operations, d.operation())
		}
		c.Threads = append(c.Threads, t)
	}
	return c
}

// A drawing draws one program.
type drawing struct {
	Shape
	random *rand.Rand
	arena  int
}

// one picks one of several.
func one[T any](r *rand.Rand, all ...T) T { return all[r.Intn(len(all))] }

func (d drawing) options() (o Options) {
	r := d.random
	o = Options{
		Arena:   one(r, 0, 64, 128, 256, 1024),
		Chunk:   one(r, int64(0), 64, 160, 1000),
		Segment: one(r, int64(0), 128, 512, 4096),
		Seed:    uint64(r.Int63()),
	}
	if d.Quiet {
		o.Chunk = 0 // a closed chunk is flushed
		return o
	}
	o.Flush = one(r, int64(0), 0, 100, 300, 1000)
	o.Interval = one(r, 0, 0, time.Second)
	return o
}

func (d drawing) operation() Operation {
	switch n := d.random.Intn(100); {
	case n < 30:
		return d.transaction(Append, 1)
	case n < 36:
		return d.transaction(Fragments, 1+d.random.Intn(3))
	case n < 40:
		return d.transaction(Abort, 1+d.random.Intn(3))
	case n < 58:
		return Operation{Kind: Flush}
	case n < 61:
		return Operation{Kind: Reopen}
	case n < 63:
		return Operation{Kind: Advance, By: one(d.random, time.Millisecond, time.Second, time.Minute)}
	}
	return Operation{Kind: Read, After: d.bound(Bound{}), UpTo: d.bound(Bound{Base: TheEnd})}
}

// sectorBytes is the value with which a first record ends where the sector does: the header of a segment takes 64 bytes.
const sectorBytes = 512 - 64 - frameBytes

// frameBytes is what a record of a case takes in the log besides its value: header and key.
const frameBytes = 32 + 13

func (d drawing) transaction(kind Kind, fragments int) Operation {
	r := d.random
	o := Operation{Kind: kind}
	for range fragments {
		if d.Small {
			o.Fragments = append(o.Fragments, one(r, 1, 1, 1, 2, 3))
		} else {
			o.Fragments = append(o.Fragments, one(r, 1, 1, 1, 2, 3, 8))
		}
	}
	switch r.Intn(3) {
	case 0:
		o.Sizes = []int{d.size()}
	case 1:
		for range o.Records() {
			o.Sizes = append(o.Sizes, d.size())
		}
	}
	return o
}

func (d drawing) size() int {
	r, full := d.random, d.arena-frameBytes // the value with which a record fills an arena
	switch {
	case d.Small && d.Torn:
		return one(r, 0, 1, 8, min(full, 100), sectorBytes, 600)
	case d.Small:
		return one(r, 0, 1, 8, min(full, 100))
	}
	return one(r, 0, 1, 8, full-1, full, full+1, r.Intn(200), r.Intn(2000))
}

// bound draws a bound; most reads want everything or what is new.
func (d drawing) bound(open Bound) Bound {
	r := d.random
	switch r.Intn(8) {
	case 0:
		return Bound{Base: Fixed, Tx: 1 + uint64(r.Intn(6)), Op: uint64(r.Intn(4))}
	case 1:
		return Bound{Base: Fixed, Tx: 1 + uint64(r.Intn(6)), Part: PartAll}
	case 2:
		return Bound{Base: Acked, Shift: int64(r.Intn(5) - 3), Part: one(r, PartLast, PartAll, PartRecord)}
	case 3:
		return Bound{Base: Last}
	case 4:
		return one(r, Bound{}, Bound{Base: TheEnd})
	}
	return open
}

// DrawFaults draws up to so many faults for a program: errors at the fault points that its threads may pass, and rules for the
// disk.
func DrawFaults(random *rand.Rand, c Case, most int) (faults []Fault) {
	for range 1 + random.Intn(most) {
		if random.Intn(2) == 0 {
			kind, fault := one(random, "write", "write", "sync", "sync", "syncdir", "read"), "EIO"
			switch kind {
			case "write":
				fault = one(random, "EIO/40", "ENOSPC/40", "ENOSPC")
			case "read":
				fault = one(random, "EIO", "FLIP/300")
			case "sync":
				fault = one(random, "EIO", "EIO", "ENOSPC")
			}
			faults = append(faults, Fault{Disk: fmt.Sprintf("%s * #%d = %s", kind, 1+random.Intn(4), fault)})
			continue
		}
		point := one(random, "flush/write-error", "flush/short-write", "flush/no-space", "flush/sync-error", "index/write-error", "segment/dirsync-error", "read/io-error", "read/bit-flip")
		f := Fault{At: Place{Thread: one(random, c.Threads...).Name, Point: point, Hit: 1 + random.Intn(2)}, Value: one(random, "EIO", "EIO", "ENOSPC")}
		switch {
		case lengthPoints[point]:
			f.Value = one(random, "0", "7", "40", "100")
		case point == "read/io-error":
			f.Value = "EIO"
		}
		faults = append(faults, f)
	}
	return faults
}
