package log

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/cases"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// CrashOf returns the crash that shows a failure, nil if the failure is not about one.
func CrashOf(f *sched.Failure) *Crash { return cases.CrashOf(f) }

// FewDisks is the most disks of a moment that are enumerated; if there are more, some are drawn.
const FewDisks = cases.FewDisks

// CrashCanary is a scenario with an engine that calls appends durable before a flush has covered them. A search that does not find
// this defect proves nothing.
func CrashCanary() (sched.Scenario, error) {
	_, scenario, err := boaster()
	return scenario, err
}

func boaster() (Case, sched.Scenario, error) {
	c, err := Parse("v1 scenario=log handover=snapshot; w0: append 1, append 1; crash any")
	if err != nil {
		return c, nil, err
	}
	p, err := c.plan()
	if err != nil {
		return c, nil, err
	}
	p.boasts = true
	return c, p.scenario, nil
}

// A run is a cases.Survivor.

// Disk implements cases.Survivor.
func (r *run) Disk() *crash.Disk { return r.disk }

// Exposed implements cases.Survivor. It says whether a thread of the case has begun to append while the disk holds unsynced
// data.
func (r *run) Exposed(unsynced bool) bool {
	for i := range r.c.Threads {
		if !unsynced {
			break
		}
		if r.board.Invoked(uint32(i)) > 0 {
			return true
		}
	}
	return false
}

// Ends implements cases.Survivor.
func (r *run) Ends() { r.countDiskFaults() }

// Judge implements cases.Survivor.
func (r *run) Judge(a cases.Aftermath) error {
	if v := r.judge(aftermath{disk: a.Disk, model: a.Model, salt: a.Salt, thorough: a.Thorough}); v != nil {
		return violated{v, false, true}
	}
	return nil
}

// Expected implements cases.Survivor. It identifies what must and what may be on the disk now.
func (r *run) Expected() uint64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	mix := func(n uint64) { h = (h ^ n) * prime }
	mix(r.durable())
	for i := range r.acked {
		mix(r.acked[i].Load())
	}
	for i := range len(r.c.Threads) + 1 { // the probe counts as one more client
		mix(uint64(r.board.Invoked(uint32(i))))
	}
	return h
}

// durable is the highest transaction that must survive: the higher of what a flush has covered and what the engine calls
// durable.
func (r *run) durable() uint64 {
	if r.c.Options.NoSync {
		return 0
	}
	durable := r.flushed.Load()
	if e, ok := r.engine.(harness.Watermarked); ok {
		durable = max(durable, e.Durable().Tx)
	}
	if r.plan.boasts {
		durable = r.board.Acknowledged()
	}
	return durable
}

func (r *run) expected() check.Expected {
	return check.Expected{Values: r.values, Durable: r.durable(), Owner: r.identity, Invoked: r.board.Invoked}
}

// judge recovers from a disk. The log must hold what it must, and only what it may. A recovery that crashes, and a second
// recovery, must give the same. The log must then go on, through a second loss of power too.
func (r *run) judge(a aftermath) *check.Violation {
	expected, open := r.expected(), a.disk.Unsynced() > 0
	var during []*crash.Image
	a.disk.After(func(o crash.Operation) {
		if o.Kind.Changes() {
			during = append(during, a.some()...)
		}
	})
	l, err := r.plan.recover(a.disk)
	a.disk.After(nil)
	if err != nil {
		return &check.Violation{Promise: check.Durability, Detail: fmt.Sprintf("after the crash the log does not open: %v", err)}
	}
	complete, v := l.check(r.plan, expected)
	if v == nil && open { // what no sync has covered may still be lost, until recovery has returned
		v, during = r.judgeAgain(during, expected, 0), nil
	}
	if v == nil {
		v = r.judgeAgain(append(during, a.some()...), expected, complete)
	}
	if v != nil {
		return l.end(v)
	}
	return r.liveOn(l, a, expected, complete)
}

// judgeAgain recovers from disks that a crash during recovery, or right after it, has left. If complete is not 0, exactly that
// many transactions must be there.
func (r *run) judgeAgain(images []*crash.Image, expected check.Expected, complete uint64) *check.Violation {
	seen := map[[32]byte]bool{}
	for _, image := range images {
		if seen[image.Hash()] {
			continue
		}
		seen[image.Hash()] = true
		l, err := r.plan.recover(crash.Crash(image))
		if err != nil {
			return &check.Violation{Promise: check.RecoveryIdempotence, Detail: fmt.Sprintf("after a crash during recovery the log does not open: %v", err)}
		}
		r.plan.crashes.Tested(1, check.RecoveryIdempotence.Name)
		again, v := l.check(r.plan, expected)
		if v == nil && complete > 0 && again != complete {
			v = &check.Violation{Promise: check.RecoveryIdempotence, Detail: fmt.Sprintf("recovery gave %d transactions, and after a crash during recovery %d", complete, again)}
		}
		if v = l.end(v); v != nil {
			return v
		}
	}
	return nil
}
