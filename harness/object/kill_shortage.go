package object

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/racewindow/racewindow/harness/room"
	"github.com/racewindow/racewindow/harness/values"
)

// filler is the file that makes a disk full. It lies in the folder that the disk is mounted on.
const filler = "filler"

// How many programs a process without room executes: first some with room, to see how much they take, then at most
// mostPrograms until mostMet of them have met the want of room.
const (
	samplePrograms = 6
	mostPrograms   = 12
	mostMet        = 3
)

// A shortage takes away this process's room.
type shortage struct {
	lack   want
	limit  *room.Limit // nil for a full disk, and while there is room
	filler string
}

// short lets objects meet a want of room. Those that did stay open until there is room again, and are then asked, if their
// subject says that it goes on. The process ends without closing any object, as if it were killed.
func (v *victim) short(ctx context.Context, n *victimLane) {
	s := &shortage{lack: v.Phase, filler: filepath.Join(filepath.Dir(v.Base), filler)}
	opened, ended := n.sample(ctx, s)
	if err := s.begin(drawRoom(n.random, s.unit(), opened, ended)); err != nil {
		fail(err)
	}
	n.shortage = s
	var met []*kept
	take := func(p *plan, l leftTask) (unmet *kept) {
		k, refused := n.open(ctx, p, l)
		switch {
		case k == nil:
			n.tell(message{kind: notOpened, of: l.Of, text: refused.Error()})
		case !k.work(l.GoesOn): // a client waits for ever: leave it as it is
		case k.met.Load():
			n.tell(message{kind: hasMet, of: l.Of})
			met = append(met, k)
		default:
			return k
		}
		return nil
	}
	for _, l := range v.Left {
		take(n.plan(l.Program), l)
	}
	for i := 0; i < mostPrograms && len(met) < mostMet; i++ {
		if unmet := take(n.fresh()); unmet != nil {
			unmet.forget(ctx)
		}
	}
	if err := s.end(); err != nil {
		fail(err)
	}
	for _, k := range met {
		k.askAwake()
	}
}

// sample executes programs that have room. It returns the most room that one of them took once its object was open, and once
// it was done, in bytes: of its largest file, or on the disk.
func (n *victimLane) sample(ctx context.Context, s *shortage) (opened, ended int64) {
	for range samplePrograms {
		p, l := n.fresh()
		before := s.taken(l.Folder)
		k, refused := n.open(ctx, p, l)
		if k == nil {
			n.tell(message{kind: refuses, of: l.Of, text: refused.Error()})
			return opened, ended
		}
		opened = max(opened, s.taken(l.Folder)-before)
		if k.work(l.GoesOn) {
			ended = max(ended, s.taken(l.Folder)-before)
			k.forget(ctx)
		}
	}
	return opened, ended
}

// drawRoom draws how much room a process has, in units: usually enough to open an object, but too little for all that it does.
func drawRoom(random *rand.Rand, unit, opened, ended int64) int64 {
	least, steps := opened/unit, (ended-opened)/unit
	if steps <= 0 || random.IntN(4) == 0 {
		least, steps = 0, max(ended/unit, 1)
	}
	return unit * (least + random.Int64N(steps))
}

// unit is the smallest step in which room can differ, in bytes.
func (s *shortage) unit() int64 {
	if s.lack == full {
		return int64(os.Getpagesize())
	}
	return 1
}

// taken returns how much room an object takes.
func (s *shortage) taken(folder string) (bytes int64) {
	if s.lack == full {
		left, err := room.Free(folder)
		if err != nil {
			fail(err)
		}
		return smallDisk - left
	}
	_ = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			if info, err := entry.Info(); err == nil { // else the object has just removed it
				bytes = max(bytes, info.Size())
			}
		}
		return nil
	})
	return bytes
}

func (s *shortage) begin(bytes int64) (err error) {
	if s.lack == full {
		return room.Fill(s.filler, bytes)
	}
	s.limit, err = room.LimitFiles(uint64(bytes))
	return err
}

func (s *shortage) end() error {
	if s.lack == full {
		return os.Remove(s.filler)
	}
	return s.limit.Lift()
}

// metBy says whether an operation has met the want of room: its error says so, something in this process has made a file too
// long, or the operation writes and no room is left. The last two detect it even if the object hides the error.
func (s *shortage) metBy(c *Call, a answer) bool {
	switch {
	case s == nil:
		return false
	case s.lack == limited:
		return s.limit.Met() || errors.Is(failure(a.results), syscall.EFBIG)
	case errors.Is(failure(a.results), syscall.ENOSPC):
		return true
	}
	left, err := room.Free(filepath.Dir(s.filler))
	return err == nil && left == 0 && c.method.Durable != ""
}

// askAwake calls the probes on an object that is still open, if its subject says that it goes on when there is room again. It
// does not if the subject has a judge of the history, which cannot say what the probes must return.
func (k *kept) askAwake() {
	o, p := k.plan.object, k.plan
	if !o.GoesOn || o.Holds != nil || k.asked > len(p.calls) {
		return
	}
	k.lane.tell(message{kind: roomAgain, of: k.of})
	var group sync.WaitGroup
	group.Go(func() {
		var outcome values.Outcome
		for i, c := range p.probes {
			number := uint64(k.asked + i)
			k.lane.tell(message{kind: calls, of: k.of, number: number})
			a := o.call(k.ctx, k.object, c, false, &outcome)
			kind := returns
			if a.open {
				kind = gaveOpen
			}
			k.lane.tell(message{kind, k.of, number, a.text})
			k.moved.Add(1)
		}
	})
	k.wait(&group)
}
