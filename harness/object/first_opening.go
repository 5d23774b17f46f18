package object

import (
	"fmt"
	"sync"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/spec"
)

// Power may also be lost while an object is opened for the first time. Nothing is owed then but that it can be opened again, and holds
// nothing. No place of a schedule names that moment, because no client runs. So an execution with a crash at any step keeps what a loss
// of power could leave at each change of the disk in Open, and judges it when the clients have ended: what breaks another promise takes
// more from a user, so it comes first. What an opening leaves depends only on the options and on the model, so one execution for each is
// enough. A program of which something came earlier is left out: its judge knows
// no object that holds nothing.

// mostOfOpening is how many different disks of a first opening are judged: those of the first changes.
const mostOfOpening = 256

// An openingWatch keeps what losses of power may leave of a first opening.
type openingWatch struct {
	of   string
	left []leftOpening
	seen map[[32]byte]bool
}

// A leftOpening is a disk that a loss of power leaves after a change.
type leftOpening struct {
	after disks.Operation
	image *disks.Image
}

func (l leftOpening) when() string {
	return fmt.Sprintf("when power is lost while the object is opened for the first time, after %v %s, and leaves %v", l.after.Kind, l.after.Name, l.image)
}

// ofOpening is what a first opening depends on, apart from random numbers: the values of the options, and what a loss of power may leave.
func (p *plan) ofOpening() string { return fmt.Sprintf("%v %q", p.c.Crash.Model, p.settings.values) }

// watchOpening makes the disk of an object that is about to be opened keep what a loss of power could leave, if that was not judged yet.
func (r *run) watchOpening() {
	p, crash := r.plan, r.plan.c.Crash
	if crash == nil || !crash.Any || len(p.earlier) > 0 || p.planted != nil && !p.refusesHalfMade() { // a canary looks for its own defect
		return
	}
	of := p.ofOpening()
	if held, _ := p.object.firstOpenings.Load(of); held == true && p.planted == nil {
		return
	}
	o := &openingWatch{of: of, seen: map[[32]byte]bool{}}
	r.opening = o
	r.env.made = func(d *disks.Disk) {
		d.After(func(change disks.Operation) {
			if change.Kind.Changes() {
				o.keep(change, ofMoment(cases.Aftermath{Disk: d, Model: crash.Model, Salt: uint64(len(o.left))}))
			}
		})
	}
}

// ofMoment returns disks that a loss of power may leave now, among them the one that has everything, as when only the process dies.
func ofMoment(a cases.Aftermath) []*disks.Image {
	return append(someOf(a), a.Disk.At(a.Model).Sample(disks.Replay(nil)))
}

func (o *openingWatch) keep(after disks.Operation, images []*disks.Image) {
	for _, image := range images {
		if hash := image.Hash(); !o.seen[hash] && len(o.left) < mostOfOpening {
			o.seen[hash] = true
			o.left = append(o.left, leftOpening{after, image})
		}
	}
}

// JudgeOpening implements cases.Opener. The smallest program has nothing else to be judged.
func (r *run) JudgeOpening() error {
	if len(r.plan.calls) > 0 {
		return nil
	}
	return r.judgeOpening()
}

// judgeOpening opens the object on what losses of power could leave of its first opening. A violation stays known: executions beside this
// one, which leave out a disk that it judges, must not say that all held.
func (r *run) judgeOpening() error {
	opening := r.opening
	if r.opening = nil; opening == nil || r.misplaced() {
		return nil
	}
	known := &r.plan.object.firstOpenings
	if r.plan.planted != nil {
		known = &sync.Map{} // what a canary shows says nothing about the object
	}
	for _, left := range opening.left {
		if err := r.judgeLeft(left.image, make(spec.History, len(r.history)), firstOpening, left.when()); err != nil {
			known.Store(opening.of, false)
			return err
		}
	}
	known.LoadOrStore(opening.of, true)
	return nil
}
