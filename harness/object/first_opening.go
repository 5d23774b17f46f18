package object

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

// Power may also be lost while an object is opened for the first time. Nothing is owed then but that it can be opened again, and holds
// nothing. No place of a schedule names that moment, because no client runs. So an execution with a crash at any step keeps what a loss
// of power could leave at each change of the disk in Open, and judges it when the clients have ended. What it leaves depends only on the
// options, so one execution for each is enough.

// mostOfOpening is how many different disks of a first opening are judged: those of the first changes.
const mostOfOpening = 256

// A firstOpening is what losses of power may leave of it.
type firstOpening struct {
	options string
	images  []*disks.Image
	seen    map[[32]byte]bool
}

// optionsOf are the values of the options: what an opening depends on, apart from random numbers.
func (s *Settings) optionsOf() string { return fmt.Sprintf("%q", s.values) }

// watchOpening makes the disk of an object that is about to be opened keep what a loss of power could leave, if that was not judged yet.
func (r *run) watchOpening() {
	crash := r.plan.c.Crash
	if crash == nil || !crash.Any {
		return
	}
	options := r.plan.settings.optionsOf()
	if _, judged := r.plan.object.firstOpenings.Load(options); judged {
		return
	}
	o := &firstOpening{options: options, seen: map[[32]byte]bool{}}
	r.opening = o
	r.env.made = func(d *disks.Disk) {
		d.After(func(change disks.Operation) {
			if change.Kind.Changes() {
				o.keep(someOf(cases.Aftermath{Disk: d, Model: crash.Model, Salt: uint64(len(o.images))}))
			}
		})
	}
}

func (o *firstOpening) keep(images []*disks.Image) {
	for _, image := range images {
		if hash := image.Hash(); !o.seen[hash] && len(o.images) < mostOfOpening {
			o.seen[hash] = true
			o.images = append(o.images, image)
		}
	}
}

// judgeOpening opens the object on what losses of power could leave of its first opening.
func (r *run) judgeOpening(t *sched.T) {
	if r.opening == nil {
		return
	}
	r.lost(t, r.opening.images, make(spec.History, len(r.history)), "when power is lost while the object is opened for the first time")
	r.plan.object.firstOpenings.Store(r.opening.options, true)
}
