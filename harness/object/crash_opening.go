package object

import (
	"fmt"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/spec"
)

// Under load power is also lost while an object is opened for the first time. Its disk is looked at after one change, and Open goes on.
// What a loss of power could leave then is judged after the round, and half of these objects go on with it. As in a schedule, objects
// that did operations earlier are left out.

// openingsLost says in how many first openings power is lost: in one of so many.
const openingsLost = 8

// A lostOpening is a first opening during which power is lost.
type lostOpening struct {
	disk      *disks.Disk
	model     disks.Model
	at, ticks raceoff.Number // the change at which power is lost, and the changes so far
	moments   chan openingMoment
}

type openingMoment struct {
	after disks.Operation
	*disks.Moment
}

// loseOpening arms a disk on which an object is about to be opened. It returns nil if power is not lost.
func (n *crashLane) loseOpening(p *plan, disk *disks.Disk, before *aftermath) *lostOpening {
	among := max(n.of.opening.Load(), 1)
	switch {
	case before != nil, len(p.earlier) > 0:
		return nil
	case p.refusesHalfMade():
		among = min(among, changesOfMark)
	case p.planted != nil, n.random.IntN(openingsLost) > 0:
		return nil
	}
	o := &lostOpening{disk: disk, model: n.of.Model, moments: make(chan openingMoment, 1)}
	o.at.Store(1 + n.random.Uint64N(among))
	disk.After(o.took)
	return o
}

// took is called after each operation of the disk, in any goroutine.
//
//go:norace
func (o *lostOpening) took(change disks.Operation) {
	if change.Kind.Changes() && o.ticks.Add(1) == o.at.Load() {
		o.moments <- openingMoment{change, o.disk.At(o.model)} // the race detector sees this send, and the lane's receive
	}
}

// keepOpening stores what the loss of power may have left, to be judged after the round, and returns it. Call it when the disk calls
// took no more.
func (n *crashLane) keepOpening(p *plan, o *lostOpening) (left []*aftermath) {
	if o == nil {
		return nil
	}
	n.of.opening.Raise(o.ticks.Load())
	var m openingMoment
	select {
	case m = <-o.moments:
	default:
		return nil // fewer changes than in another opening
	}
	n.of.cycles.Add(1)
	n.openings++
	if unsynced, _ := m.Unsynced(); unsynced > 0 {
		n.unsynced++
	}
	for _, image := range n.picks(m.Moment) {
		a := &aftermath{
			plan: p, history: make(spec.History, len(p.calls)), image: image, model: n.of.Model, opening: true,
			where:      fmt.Sprintf("while the object was opened for the first time, after %v %s", m.after.Kind, m.after.Name),
			interrupts: n.random.Float64() < n.of.Interrupted,
		}
		left = append(left, a)
		n.store(a)
	}
	return left
}
