package object

import (
	"errors"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

// A run is a cases.Survivor: power is lost between two threads, and an object is opened on what that leaves.

// Disk implements cases.Survivor.
func (r *run) Disk() *disks.Disk { return r.env.disk }

// Expected implements cases.Survivor.
func (r *run) Expected() uint64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	for i := range r.status {
		h = (h ^ (r.status[i].Load()<<1 | r.durable[i].Load())) * prime
	}
	return h
}

// Exposed implements cases.Survivor: an operation that lasts has begun.
func (r *run) Exposed() bool {
	for i := range r.status {
		if r.status[i].Load() != notBegun && r.plan.calls[i].method.Durable != "" {
			return true
		}
	}
	return false
}

// Ends implements cases.Survivor.
func (r *run) Ends() { r.heal() }

// Judge implements cases.Survivor: the object opens, and what is there is what all durable and some of the other operations leave;
// so it is when power is lost again while the object opens.
func (r *run) Judge(a cases.Aftermath) error {
	h := r.before(func(i int) spec.Outcome {
		switch {
		case r.durable[i].Load() != 0:
			return spec.Durable
		case r.status[i].Load() == returned:
			return spec.Volatile
		}
		return spec.Indeterminate
	})
	var during []*disks.Image
	a.Disk.After(func(o disks.Operation) {
		if o.Kind.Changes() && len(during) < imagesOfRecovery {
			during = append(during, someOf(a)...)
		}
	})
	if err := r.recoverFrom(a.Disk, h, durability); err != nil {
		return err
	}
	seen := map[[32]byte]bool{}
	for _, image := range during {
		if hash := image.Hash(); !seen[hash] {
			seen[hash] = true
			if err := r.recoverFrom(disks.Crash(image), h, recovery); err != nil {
				return err
			}
		}
	}
	return nil
}

// Bounds of what is looked at after one crash.
const (
	imagesOfRecovery = 32
	imagesPerStep    = 4
)

// someOf are disks that a loss of power may leave now: all if they are few, else some that are drawn.
func someOf(a cases.Aftermath) []*disks.Image {
	moment := a.Disk.At(a.Model)
	if all := moment.Enumerate(2 * imagesPerStep); all != nil {
		return all
	}
	most := uint64(imagesPerStep)
	if a.Thorough {
		most *= 8
	}
	var drawn []*disks.Image
	for n := range most {
		drawn = append(drawn, moment.Sample(disks.NewTape(a.Salt+n)))
	}
	return drawn
}

// recoverFrom opens an object on a disk, under a scheduler of its own, and judges what is there.
func (r *run) recoverFrom(d *disks.Disk, h spec.History, owed promise) error {
	p, after := r.plan, "after the crash"
	if owed == recovery {
		after = "after a second crash, while the object was opened after the first"
	}
	p.crashes.Recoveries.Add(1)
	p.crashes.Tested(1, owed.name)
	e := p.object.newEnv(p.settings)
	e.disk = d
	asked, err := p.reopen(e, h, questions{opened: func() { d.After(nil) }})
	var found *Violation
	if err == nil {
		found, err = p.explain(asked)
	}
	var unusable sched.UnusableError
	switch {
	case errors.As(err, &unusable):
		return unusable
	case err != nil:
		return owed.broken("%s%v", after, err)
	case found != nil:
		return owed.broken("%s, %s", after, found.detail)
	}
	return nil
}
