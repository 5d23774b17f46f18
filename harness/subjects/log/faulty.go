package log

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// The contract after errors: how an operation may fail when faults are injected, and what must hold then.

// tolerates says whether the contract allows an error, and records that the log is poisoned.
func (r *run) tolerates(o Operation, err error) bool {
	var damage *storage.DamageError
	switch {
	case errors.Is(err, storage.ErrPoisoned) && r.c.spares():
		return false
	case errors.Is(err, storage.ErrPoisoned):
		r.poisoned.Store(1)
		return o.Kind != Read // a poisoned log still serves what it holds
	case errors.Is(err, storage.ErrNoSpace):
		return o.Kind != Read
	case o.Kind == Read:
		return errors.Is(err, syscall.EIO) || errors.As(err, &damage) // an error, never wrong bytes
	}
	return false
}

// sticky makes it a violation that an operation succeeded although it began after the log was known to be poisoned.
func (t *thread) sticky(o Operation, poisoned bool) *check.Violation {
	if !poisoned {
		return nil
	}
	return &check.Violation{Promise: check.StickyPoison, Detail: fmt.Sprintf("%v by %s succeeded, though an operation before it was told that the log is poisoned", o, t.control.name)}
}

// concludeFaulty checks what is left after faults. While the log is open it must serve everything that was acknowledged, and
// go on or refuse to, depending on the faults. When it is opened again, on a working disk, it must hold a prefix that includes
// what was durable. A crash right then must change nothing about that.
func (r *run) concludeFaulty(ctx context.Context, t *sched.T) {
	if v := r.meetTheRest(ctx, t); v != nil {
		t.Fail(violated{v, true, false})
	}
	r.healed.Store(1)
	r.disk.Inject(nil)
	r.countDiskFaults()
	expected := r.expected()
	if r.closed.Load() == 0 {
		if !r.lastReopened { // else the close has flushed
			if v := r.flushesCome(ctx); v != nil {
				t.Fail(violated{v, true, false})
			}
		}
		t.Note("scan")
		if v, err := r.scanned(r.whole(ctx), false); err != nil {
			t.Fail(fmt.Errorf("scan: %w", err))
		} else if v != nil {
			t.Fail(violated{v, true, false})
		}
		if v := r.probe(ctx); v != nil {
			t.Fail(violated{v, true, false})
		}
		expected = r.closeAfterFaults(ctx, t)
	}
	if v := r.leaked("the close"); v != nil {
		t.Fail(violated{v, true, true})
	}
	t.Note("scan after reopening")
	r.plan.crashes.Tested(1, check.Progress.Name)
	left := cases.Judgement{Disk: r.disk.Fingerprint(), Expected: r.Expected() ^ (expected.Durable+1)<<32}
	if !r.plan.crashes.Due(left) {
		return
	}
	if v := r.reopenedAfterFaults(expected, cases.SaltOf(left.Disk)); v != nil {
		r.plan.crashes.Retry(left)
		t.Fail(violated{v, true, true})
	}
}

// meetTheRest makes the remaining faults strike: it lets time pass, so that a flush by time comes, and opens the log, because some
// faults strike only then.
func (r *run) meetTheRest(ctx context.Context, t *sched.T) *check.Violation {
	if e, ok := r.engine.(harness.Watermarked); ok && r.closed.Load() == 0 && r.poisoned.Load() == 0 &&
		r.c.Options.Interval > 0 && e.Durable().Tx < r.board.Acknowledged() {
		r.pass(ctx, r.c.Options.Interval+time.Nanosecond)
	}
	if !slices.ContainsFunc(r.c.Faults, ofOpening) {
		return nil
	}
	t.Note("reopen")
	r.lastReopened = true
	last := &thread{run: r, control: &control{run: r, name: t.Name(), sink: t}}
	return last.reopenFaulty(ctx, Operation{Kind: Reopen})
}

// maxRefusals is how many faults may come while no operation begins or ends. The flusher tries only once in each interval. So if
// more faults come, an operation repeats its call for ever.
const maxRefusals = 100

// goesOn is an invariant: operations end although the disk refuses them again and again.
func (r *run) goesOn() error {
	if n := r.faultsSoFar(); n > r.met.Load()+maxRefusals {
		return violated{&check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("%d faults came since an operation began or ended: one tries again for ever", n-r.met.Load())}, false, true}
	}
	return nil
}

// countDiskFaults counts the disk faults of an execution that is about to end. The probe, which follows, asks whether any
// came.
func (r *run) countDiskFaults() {
	for i, counter := range r.faults {
		if counter != nil && counter.Faults() > 0 {
			r.plan.crashes.FaultCame(i, counter.Faults())
			r.struck.Add(uint64(counter.Faults()))
		}
	}
	r.faults = nil
}

// closeAfterFaults closes the log, and says what must be there when it is opened again.
func (r *run) closeAfterFaults(ctx context.Context, t *sched.T) check.Expected {
	poisoned := r.poisoned.Load() != 0
	expected := r.expected()
	err := r.engine.Close(ctx)
	if errors.Is(err, storage.ErrNoSpace) { // it joined a flush that the full disk had failed; there is room now, so close again
		err = r.engine.Close(ctx)
	}
	switch {
	case err != nil && errors.Is(err, storage.ErrPoisoned): // the fault came in a flush of the store's task, or in this close
		poisoned = true
	case err != nil:
		t.Fail(fmt.Errorf("close: %w", err))
	case !poisoned: // then the close made everything durable
		expected.Durable = max(expected.Durable, r.board.Acknowledged())
	}
	return expected
}

// reopenedAfterFaults opens the log on the disk as the failed process has left it: its cache counts as clean what a failed
// sync did not write. What is then there must stay, also after a loss of power, and the log must go on.
func (r *run) reopenedAfterFaults(expected check.Expected, salt uint64) *check.Violation {
	for again := range 2 { // recovering twice = once
		if again > 0 {
			r.plan.crashes.Tested(1, check.RecoveryIdempotence.Name)
		}
		r.disk.Kill()
		complete, v := r.checkOpen(r.disk, expected)
		if v != nil {
			return v
		}
		expected.Durable = max(expected.Durable, complete)
	}
	for _, model := range crash.Models {
		for _, image := range (aftermath{disk: r.disk, model: model, salt: salt}).some() {
			if _, v := r.checkOpen(crash.Crash(image), expected); v != nil {
				v.Detail = "what a reopening after the fault had served must stay: " + v.Detail
				return v
			}
		}
	}
	r.disk.Kill()
	l, err := r.plan.recover(r.disk)
	if err != nil {
		return &check.Violation{Promise: check.Durability, Detail: fmt.Sprintf("after the fault the log does not open a third time: %v", err)}
	}
	return r.liveOn(l, aftermath{disk: r.disk, model: crash.Ordered, salt: salt}, expected, expected.Durable)
}

func (r *run) checkOpen(disk *crash.Disk, expected check.Expected) (complete uint64, v *check.Violation) {
	l, err := r.plan.recover(disk)
	if err != nil {
		return 0, &check.Violation{Promise: check.Durability, Detail: fmt.Sprintf("after the fault the log does not open again: %v", err)}
	}
	complete, v = l.check(r.plan, expected)
	if v == nil {
		r.plan.crashes.Tested(1, check.Progress.Name)
	}
	return complete, l.end(v)
}
