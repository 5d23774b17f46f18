package log

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// After faults an open log must go on or refuse to, keep its watermarks, and leave no file open.

// faultsSoFar counts the faults that have come in this execution.
func (r *run) faultsSoFar() uint64 {
	n := r.struck.Load()
	for _, c := range r.faults {
		if c != nil {
			n += uint64(c.Faults())
		}
	}
	return n
}

// begun counts the transactions that clients have begun to append: no higher one can be visible.
func (r *run) begun() (n uint64) {
	for i := range len(r.c.Threads) + 1 {
		n += uint64(r.board.Invoked(uint32(i)))
	}
	return n
}

// stable says whether a read of this hand-over must be of one moment. The known-bad ones promise nothing.
func (r *run) stable() bool {
	return r.plan != nil && r.disk != nil && r.plan.options.Handover.Holds()
}

// watch checks what the engine calls durable: no more than clients have begun to append, and no less than it has said before.
func (r *run) watch() *check.Violation {
	e, ok := r.engine.(harness.Watermarked)
	if !ok {
		return nil
	}
	r.plan.crashes.Tested(1, check.Watermarks.Name)
	durable, before := e.Durable().Tx, r.durables.Load()
	switch begun := r.begun(); {
	case durable > begun:
		return &check.Violation{Promise: check.Watermarks, Detail: fmt.Sprintf("the engine says that transaction %d is durable, but only %d have begun", durable, begun)}
	case durable < before:
		return &check.Violation{Promise: check.Watermarks, Detail: fmt.Sprintf("the engine says that transaction %d is the last that is durable, after it has said so of %d", durable, before)}
	}
	r.durables.Raise(durable)
	return nil
}

// watchBoth also checks what is visible, which takes the log's lock.
func (r *run) watchBoth(ctx context.Context) *check.Violation {
	if v := r.watch(); v != nil {
		return v
	}
	e, ok := r.engine.(harness.Watermarked)
	if !ok {
		return nil
	}
	durable, acknowledged := e.Durable(), r.board.Acknowledged()
	visible := e.Visible(ctx)
	switch {
	case visible.Before(durable):
		return &check.Violation{Promise: check.Watermarks, At: durable, Detail: fmt.Sprintf("the engine says that it is durable up to %v, and visible up to %v only", durable, visible)}
	case visible.Tx < acknowledged:
		return &check.Violation{Promise: check.Watermarks, At: visible, Detail: fmt.Sprintf("the engine says that it is visible up to %v, though transaction %d was acknowledged", visible, acknowledged)}
	}
	return nil
}

// leaked says whether a log that is no longer open has left files open.
func (r *run) leaked(after string) *check.Violation {
	r.plan.crashes.Tested(1, check.NoLeak.Name)
	if n := r.disk.OpenFiles(); n > 0 {
		return &check.Violation{Promise: check.NoLeak, Detail: fmt.Sprintf("%d files are still open after %s", n, after)}
	}
	return nil
}

// probe appends and flushes after the faults are over. A poisoned log must refuse both, because poison is sticky even when the
// disk works again. After a full disk or a failed read, the log must do both.
func (r *run) probe(ctx context.Context) *check.Violation {
	if v := r.watchBoth(ctx); v != nil {
		return v
	}
	if r.poisoned.Load() != 0 {
		return r.probePoisoned(ctx)
	}
	err := r.engine.Flush(ctx)
	if errors.Is(err, storage.ErrNoSpace) { // it joined a flush that the full disk had failed
		err = r.engine.Flush(ctx)
	}
	at := harness.Offset{}
	if err == nil {
		if at, err = r.appendProbe(ctx); err == nil {
			err = r.engine.Flush(ctx)
		}
	}
	came := r.faultsSoFar() > 0
	switch {
	case err == nil && came && r.c.poisons() && !r.plan.reopens && !r.lastReopened:
		return &check.Violation{Promise: check.StickyPoison, At: at, Detail: fmt.Sprintf("an append and a flush succeeded after %v", r.c.Faults)}
	case err == nil:
		r.flushed.Raise(at.Tx)
		if came && r.c.spares() {
			r.plan.crashes.Tested(1, check.NoPoison.Name)
		}
		return r.watchBoth(ctx)
	case errors.Is(err, storage.ErrPoisoned) && !r.c.spares(): // the fault came in a flush of which no operation was told
		r.poisoned.Store(1)
		return r.probePoisoned(ctx)
	}
	return poisonedForNothing("an append and a flush when the disk works again", err)
}

// appendProbe appends one record after the program is over, as a client of its own.
func (r *run) appendProbe(ctx context.Context) (at harness.Offset, err error) {
	id := check.Identity{Client: uint32(len(r.c.Threads)), Sequence: 1, Count: 1}
	r.board.Invoke(id.Client, 1)
	if at, err = r.engine.Append(ctx, []harness.Record{r.values.Record(id)}); err == nil {
		r.acked[at.Tx].Store(pack(id))
		r.board.Acknowledge(id.Client, 1, at.Tx)
	}
	return at, err
}

func (r *run) probePoisoned(ctx context.Context) *check.Violation {
	r.plan.crashes.Tested(1, check.StickyPoison.Name)
	at, err := r.engine.Append(ctx, []harness.Record{r.values.Record(check.Identity{Client: uint32(len(r.c.Threads)), Sequence: 1, Count: 1})})
	what := "an append"
	if errors.Is(err, storage.ErrPoisoned) {
		what, err = "a flush", r.engine.Flush(ctx)
	}
	if !errors.Is(err, storage.ErrPoisoned) {
		return &check.Violation{Promise: check.StickyPoison, At: at, Detail: fmt.Sprintf("%s on a poisoned log gave %v when the disk worked again, and not the poison", what, err)}
	}
	return r.watchBoth(ctx)
}

func poisonedForNothing(what string, err error) *check.Violation {
	return &check.Violation{Promise: check.NoPoison, Detail: fmt.Sprintf("%s failed, though nothing came but a full disk or failed reads: %v", what, err)}
}

// reopenFaulty is a reopen that may meet faults. If the log is poisoned, it stays as it is and the thread ends: the end of the
// execution reopens the log, and checks what has become of an indeterminate append. A log that could be closed holds what was
// acknowledged, but it may not open because of the disk. Then no thread has a log until a later reopen succeeds.
func (t *thread) reopenFaulty(ctx context.Context, o Operation) *check.Violation {
	r := t.run
	if r.poisoned.Load() != 0 { // the failed close of another thread's reopen may have poisoned it
		t.failed = true
		return nil
	}
	if r.closed.Load() == 0 {
		covered, before := r.board.Acknowledged(), r.faultsSoFar()
		if err := r.engine.Close(ctx); err != nil {
			t.failed = true
			if !errors.Is(err, storage.ErrNoSpace) {
				r.closed.Store(1)
			}
			if r.faultsSoFar() > before && !errors.Is(err, storage.ErrPoisoned) {
				return nil // what was flushed is durable, and the file keeps its room
			}
			return t.progress(o, err)
		}
		r.flushed.Raise(covered)
		r.closed.Store(1)
	}
	before := r.faultsSoFar()
	r.reopening(true)
	engine, err := r.factory(ctx)
	r.reopening(false)
	switch {
	case err == nil:
		r.engine = engine
		r.closed.Store(0)
		return nil
	case r.faultsSoFar() == before:
		return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("%v by %s failed, and no fault came: %v", o, t.control.name, err)}
	}
	r.plan.crashes.Refused.Add(1)
	return r.leaked("a reopen that was refused")
}

// reopening keeps flipped bits away from a recovery. One in the last batch, which no later record proves, cannot be told from
// a torn tail (see storage/recovery.go), so no engine could keep the promise. aftermath.damaged checks the damage that can be
// told.
func (r *run) reopening(begins bool) {
	r.opening.Store(0)
	if begins {
		r.opening.Store(1)
	}
	for _, t := range r.flips {
		t.Switch(!begins)
	}
}
