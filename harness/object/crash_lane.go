package object

import (
	"errors"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
)

// crashCounts are the counts of a lane in a round.
type crashCounts struct {
	instances, openings, underLoad, unsynced, goneOn, paused, long, disks, faults, abandoned uint64
}

// A crashLane executes one instance after another, each on a disk that loses power.
type crashLane struct {
	*lane
	crashCounts
	of   *crashLoad
	left map[key]*aftermath // in this round, without those that are known already
}

func newCrashLane(of *crashLoad, i uint64) *crashLane {
	return &crashLane{lane: newLane(of.load, i), of: of, left: map[key]*aftermath{}}
}

// addTo adds the counts of the lane to the result, and resets them.
func (n *crashLane) addTo(r *CrashResult) {
	r.Instances += n.instances
	r.Openings += n.openings
	r.UnderLoad += n.underLoad
	r.Unsynced += n.unsynced
	r.GoneOn += n.goneOn
	r.Paused += n.paused
	r.Long += n.long
	r.Disks += n.disks
	r.Faults += n.faults
	r.Abandoned += n.crashCounts.abandoned
	n.crashCounts = crashCounts{}
}

func (n *crashLane) run() {
	for !n.of.over() {
		n.instance()
	}
}

// instance executes a program. After each loss of power its clients go on with the operations that they had not begun.
func (n *crashLane) instance() {
	p, retired := n.plan()
	if p == nil {
		return
	}
	defer unmark()
	var before *aftermath
	n.crashCounts.instances++
	for disk, cycle := disks.New(), 0; cycle < n.of.PerLog; cycle++ {
		in, err := n.open(p, disk, before)
		switch {
		case errors.Is(err, errUnprepared):
			retired.Store(1)
			return
		case err != nil && before != nil:
			n.load.mu.Lock()
			n.of.found(before, before.owes().broken("%s, the object could not be opened while others ran: %v", before.when(), err))
			n.load.mu.Unlock()
			return
		case err != nil:
			n.load.fail(err)
			return
		}
		if left := n.keepOpening(p, in.opening); len(left) > 0 && n.random.IntN(2) == 0 {
			in.discard(false)
			before = left[n.random.IntN(len(left))]
			n.goneOn++
			disk = disks.Crash(before.image)
			continue
		}
		lost, remain := in.live()
		if lost.unrecorded != nil {
			n.load.fail(lost.unrecorded)
			return
		}
		n.of.cycles.Add(1)
		left := n.keep(p, lost, before)
		if in.hang != nil {
			n.of.foundHang(left[0], in.hang)
			return
		}
		if remain {
			retired.Store(1)
			n.crashCounts.abandoned++
			return
		}
		if v := in.panicked(); v != nil {
			n.load.mu.Lock()
			n.of.found(left[0], v)
			n.load.mu.Unlock()
			return
		}
		if before = left[n.random.IntN(len(left))]; !before.unfinished() {
			return
		}
		n.goneOn++
		disk = disks.Crash(before.image)
	}
}

// keep stores what a loss of power may have left, to be judged after the round. It returns all of it, including what is known.
func (n *crashLane) keep(p *plan, lost *outage, before *aftermath) (left []*aftermath) {
	if unsynced, _ := lost.moment.Unsynced(); unsynced > 0 {
		n.unsynced++
	}
	if lost.underLoad {
		n.underLoad++
	}
	if lost.paused {
		n.paused++
	}
	if len(p.earlier) > 0 {
		n.long++
	}
	for _, image := range n.picks(lost.moment) {
		a := &aftermath{
			plan: p, history: lost.history, image: image, where: lost.where, faults: lost.faults, before: before,
			model: n.of.Model, interrupts: n.random.Float64() < n.of.Interrupted,
		}
		left = append(left, a)
		n.store(a)
	}
	return left
}

// faultAtOpen draws a read that fails while an object is opened after a loss of power: where the disk fails, in a quarter of the openings.
func (n *crashLane) faultAtOpen() []cases.Fault {
	if n.of.Faults == 0 || n.random.Float64() >= n.of.Faults*atOpenShare {
		return nil
	}
	return []cases.Fault{failedReadAtOpen(1 + n.random.IntN(mostOfKind))}
}

// store keeps a disk to be judged after the round, unless an equal one is known.
func (n *crashLane) store(a *aftermath) {
	n.disks++
	a.atOpen = n.faultAtOpen()
	k := a.key()
	if _, known := n.of.known[k]; known {
		return
	}
	if _, seen := n.left[k]; !seen {
		n.left[k] = a
		n.load.fresh.Add(1)
	}
}

// After each loss of power, all disks are judged if they are few; otherwise one random disk and one near the edges.
const (
	allDisks   = 3
	edgesDrawn = 16
)

func (n *crashLane) picks(m *disks.Moment) []*disks.Image {
	if all := m.Enumerate(allDisks); all != nil {
		return all
	}
	drawn := []*disks.Image{m.Sample(disks.NewTape(n.random.Uint64()))}
	if near := m.Near(edgesDrawn); len(near) > 0 {
		drawn = append(drawn, near[n.random.IntN(len(near))])
	}
	return drawn
}
