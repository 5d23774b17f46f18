package log

import (
	"fmt"
	"math/rand"
	"time"
)

// Draw makes a program, and its options except the hand-over. The case holds everything random about it, so its text executes
// it again. Sizes are drawn at edges: values that fill an arena, a flush, a tail or the limit of a value, and one byte to
// either side.
func Draw(random *rand.Rand, s Shape) Case {
	s = s.WithDefaults()
	d := drawing{Shape: s, random: random, threads: 1 + random.Intn(s.Threads)}
	c := Case{Options: d.options()}
	d.drawn = c.Options
	for i := range d.threads {
		t := Thread{Name: threadName(i)}
		for n := 1 + random.Intn(d.Operations); len(t.Operations) < n; {
			o := d.operation()
			t.Operations = append(t.Operations, o)
			if (o.Kind == Close || o.Kind == CloseStore) && len(t.Operations) < n && random.Intn(2) == 0 {
				t.Operations = append(t.Operations, reopeningOf(o))
			}
		}
		c.Threads = append(c.Threads, t)
	}
	return c
}

func threadName(i int) string { return fmt.Sprintf("t%d", i) }

// reopeningOf returns the operation that opens the log again after a close.
func reopeningOf(o Operation) Operation {
	if o.Kind == Close {
		return Operation{Kind: Handle}
	}
	return Operation{Kind: Reopen}
}

// A drawing draws one program.
type drawing struct {
	Shape
	random  *rand.Rand
	threads int
	drawn   Options // the options that the operations are drawn for
}

// one picks one of all.
func one[T any](r *rand.Rand, all ...T) T { return all[r.Intn(len(all))] }

// plainRoom is what a record with a value of the default length takes. Limits at multiples of it, and one byte to either side,
// are edges.
const plainRoom = (frameBytes + DefaultValueBytes + 7) &^ 7

func (d drawing) options() (o Options) {
	r := d.random
	o = Options{
		Arena:   one(r, 0, 64, 128, 256, 1024),
		Chunk:   one(r, int64(0), 1, 64, 160, 1000),
		Segment: one(r, int64(0), 1, 1, 128, 512, 4096),
		Seed:    uint64(r.Int63()),
	}
	if r.Intn(4) == 0 {
		o.Tail = one(r, int64(1), plainRoom, plainRoom+1, 3*plainRoom)
	}
	if r.Intn(6) == 0 {
		o.Value = one(r, DefaultValueBytes, 100)
	}
	o.NoSync = !d.Torn && r.Intn(25) == 0
	o.Frames = r.Intn(8) == 0 || d.Torn && r.Intn(6) == 0 // a write that tears shows what a value holds
	if o.Seed%16 == 0 {                                   // rarely, because a read from the cache does not reach the files
		o.Cache = []int64{64, 256, 4096}[o.Seed/16%3]
	}
	if d.Quiet {
		o.Chunk, o.Tail = 0, 0 // a closed chunk starts a flush, and so does a full tail
		return o
	}
	o.Flush = one(r, int64(0), 0, 0, plainRoom, plainRoom+1, 2*plainRoom, 300, 1000)
	if o.Segment > 0 && o.Segment < sectorBytes && r.Intn(2) == 0 {
		o.Flush = plainRoom // a flush ends a file, and a log of several files needs several
	}
	o.Interval = one(r, 0, 0, time.Second)
	return o
}

// weights say how often an operation is drawn. Calm programs leave out the rough ones, after which calls of others may fail.
var weights = []struct {
	kind   Kind
	weight int
	rough  bool
}{
	{Append, 24, false},
	{AppendDurable, 5, false},
	{AppendAt, 5, false},
	{Fragments, 6, false},
	{Abort, 5, false},
	{Spent, 2, false},
	{Flush, 14, false},
	{Visible, 3, false},
	{Durable, 2, false},
	{Other, 4, false},
	{Reopen, 5, false},
	{Advance, 3, false},
	{Cancel, 4, true},
	{Close, 2, true},
	{CloseStore, 1, true},
	{Handle, 2, true},
	{Read, 45, false},
}

func (d drawing) kind() Kind {
	total := 0
	for _, w := range weights {
		total += w.weight
	}
	for {
		n := d.random.Intn(total)
		for _, w := range weights {
			if n -= w.weight; n >= 0 {
				continue
			}
			if w.rough && d.Calm {
				break
			}
			return w.kind
		}
	}
}

func (d drawing) operation() Operation {
	r := d.random
	switch kind := d.kind(); kind {
	case Append, AppendDurable, Other:
		return d.transaction(kind, 1)
	case AppendAt:
		o := d.transaction(kind, 1)
		if o.Place = one(r, PlaceNext, PlaceNext, PlaceNext, PlaceLast, PlaceEqual); o.Place == PlaceEqual && o.Records() < 2 {
			o.Fragments, o.Sizes = []int{2}, nil
		}
		return o
	case Fragments, Abort, Spent:
		return d.transaction(kind, 1+r.Intn(3))
	case Advance:
		return Operation{Kind: Advance, By: one(r, time.Millisecond, time.Millisecond, time.Second, time.Minute)}
	case Cancel:
		return Operation{Kind: Cancel, Thread: threadName(r.Intn(d.threads))}
	case Read:
		return Operation{Kind: Read, After: d.bound(Bound{}), UpTo: d.bound(Bound{Base: TheEnd})}
	default:
		return Operation{Kind: kind}
	}
}

// sectorBytes is the length of a value with which a first record ends at the end of its sector: the segment's header takes 64
// bytes.
const sectorBytes = 512 - 64 - frameBytes

// frameBytes is what a record of a case takes in the log in addition to its value: header and key.
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

// longBytes is the length of a value that fills the buffer of a scan alone.
const longBytes = 300 << 10

func (d drawing) size() int {
	r, full := d.random, max(64, d.drawn.Arena)-frameBytes // the value with which a record fills an arena
	if !d.Torn && r.Intn(200) == 0 {                       // each of hundreds of recoveries would read it
		return longBytes
	}
	if limit := d.drawn.Value; limit > 0 && r.Intn(2) == 0 {
		return limit + r.Intn(2)
	}
	switch {
	case d.drawn.Frames && d.Torn && r.Intn(2) == 0:
		return one(r, sectorBytes, 600, 1000) // frames on more than one sector
	case d.Small && d.Torn:
		return one(r, 0, 1, 8, min(full, 100), sectorBytes, 600)
	case d.Small:
		return one(r, 0, 1, 8, min(full, 100))
	}
	return one(r, 0, 1, 8, full-1, full, full+1, r.Intn(200), r.Intn(2000))
}

// bound draws a bound; most reads want everything, or what is new.
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

// openingFaults are operations that the disk does above all while a log is opened.
var openingFaults = []string{"open", "list", "size", "remove", "create", "mkdir"}

// DrawFaults draws at most this many faults for a program: errors at the fault points that its threads may pass, and rules for
// the disk. A program for which no faults are defined (Case.Check) gets none.
func DrawFaults(random *rand.Rand, c Case, most int) (faults []Fault) {
	if c.Options.NoSync || c.says(Close, CloseStore, Handle, Other) {
		return nil
	}
	for range 1 + random.Intn(most) {
		switch {
		case random.Intn(3) == 0 || c.manyFiles() && random.Intn(3) == 0:
			faults = append(faults, openingFault(random, c))
		case (c.Options.Tail > 0 || c.Options.Interval > 0) && random.Intn(2) == 0:
			faults = append(faults, fullDisk(random, random.Intn(3) > 0)) // while the log waits for room, or for a flush
		case random.Intn(2) == 0:
			faults = append(faults, diskFault(random))
		default:
			faults = append(faults, pointFault(random, c))
		}
	}
	return faults
}

// struck draws which of the operations that match fails, or from which on all do. Most programs have few.
func struck(random *rand.Rand, all bool) string {
	switch n := one(random, 1, 1, 1, 2, 2, 3, 4); {
	case all && n == 1:
		return ""
	case all:
		return fmt.Sprintf(" #%d+", n)
	default:
		return fmt.Sprintf(" #%d", n)
	}
}

// manyFiles says whether almost each flush begins another file.
func (c Case) manyFiles() bool { return c.Options.Segment > 0 && c.Options.Segment < sectorBytes }

// openingFault draws a fault of an operation that the disk does while a log is opened. A log of several files opens several.
func openingFault(random *rand.Rand, c Case) Fault {
	kind := one(random, "open", "open", "list", "list", "size", "size", one(random, openingFaults...))
	if c.manyFiles() && random.Intn(2) == 0 {
		kind = one(random, "open", "size")
	}
	later := one(random, "", " #1", " #2", " #2", " #2+", " #3")
	return Fault{Disk: fmt.Sprintf("%s *%s = EIO", kind, later)}
}

// diskFault draws a fault of an operation that the disk does while the log is open.
func diskFault(random *rand.Rand) Fault {
	kind, fault := one(random, "write", "write", "sync", "sync", "syncdir", "read"), "EIO"
	switch kind {
	case "write":
		if fault = one(random, "EIO/40", "ENOSPC/40", "ENOSPC"); fault == "ENOSPC" {
			return fullDisk(random, random.Intn(2) == 0)
		}
	case "read":
		fault = one(random, "EIO", "FLIP/300")
	case "sync":
		fault = one(random, "EIO", "EIO", "ENOSPC")
	}
	return Fault{Disk: fmt.Sprintf("%s *%s = %s", kind, struck(random, false), fault)}
}

// fullDisk draws a disk that has no room for a write, or for none from some write on.
func fullDisk(random *rand.Rand, stays bool) Fault {
	return Fault{Disk: fmt.Sprintf("write *%s = ENOSPC", struck(random, stays))}
}

// pointFault draws a fault at a fault point.
func pointFault(random *rand.Rand, c Case) Fault {
	point := one(random, "flush/write-error", "flush/short-write", "flush/no-space", "flush/sync-error", "index/write-error", "segment/dirsync-error", "read/io-error", "read/bit-flip")
	thread := one(random, c.Threads...).Name
	if c.Options.Interval+time.Duration(c.Options.Flush) > 0 && random.Intn(3) == 0 {
		thread = flusherThread
	}
	f := Fault{At: Place{Thread: thread, Point: point, Hit: 1 + random.Intn(2)}, Value: one(random, "EIO", "EIO", "ENOSPC")}
	switch {
	case lengthPoints[point]:
		f.Value = one(random, "0", "7", "40", "100")
	case point == "read/io-error":
		f.Value = "EIO"
	}
	return f
}
