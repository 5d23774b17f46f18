package log

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// These checks say how an operation may fail when its context has ended, when the log is closed while it runs, or when the log
// must refuse it; and that a refused append is not in the log.

// excused says whether the error comes from the thread's own context, which the program has ended.
func (t *thread) excused(err error) bool {
	return t.lifeline.mayBeOver() && errors.Is(err, context.Canceled)
}

// isOpen says whether the log is open, as far as closes by the program's operations go.
func (r *run) isOpen() bool { return r.closes.Load() == r.reopens.Load() }

// openness returns how many closes have begun, and whether the log is open. The count comes first: a close that begins between the two has
// changed it then, or the log is not open.
func (r *run) openness() (closes uint64, opened bool) {
	closes = r.closes.Load()
	return closes, r.isOpen()
}

// mayBeClosed says whether a call may return ErrClosed. opened and closes are of its beginning: the log was not open then, or
// was closed meanwhile.
func (r *run) mayBeClosed(opened bool, closes uint64) bool {
	return !opened || r.closes.Load() != closes
}

// mustRefuse returns the errors of which the log must return one to refuse an operation; nil if it need not refuse it.
func (t *thread) mustRefuse(o Operation) (reasons []error) {
	if t.run.c.Options.tooLarge(o) {
		reasons = append(reasons, storage.ErrTooLarge)
	}
	if o.Kind == AppendAt && o.Place != PlaceNext {
		reasons = append(reasons, storage.ErrNotIncreasing)
	}
	return reasons
}

func isOneOf(err error, reasons []error) bool {
	return slices.ContainsFunc(reasons, func(reason error) bool { return errors.Is(err, reason) })
}

// mustHaveRefused judges the answer to an operation that the log must refuse with one of these errors. Another error that
// progress allows may come instead.
func (t *thread) mustHaveRefused(o Operation, want []error, err error) *check.Violation {
	t.control.event("returns", false)
	switch {
	case err == nil:
		return &check.Violation{Promise: check.Refusals, Detail: fmt.Sprintf("%v by %s was taken, and must be refused: %v", o, t.control.name, errors.Join(want...))}
	case isOneOf(err, want):
		return nil
	}
	return t.progress(o, err)
}

// calledOff is the violation of an operation that was executed although its context had ended before it began.
func (t *thread) calledOff(o Operation) *check.Violation {
	return &check.Violation{Promise: check.EndedContexts, Detail: fmt.Sprintf("%v by %s was carried out, though its context had ended before", o, t.control.name)}
}

// refuse records that an error has said that nothing was appended.
func (t *thread) refuse(o Operation) {
	if o.Kind != AppendDurable && !t.run.c.Options.doomed(o) {
		t.run.refused[t.Number].Store(uint64(t.Sequence))
	}
}

// refusedAre checks, after a scan of the whole log, that no refused append is in it.
func (r *run) refusedAre(s *check.Scan) *check.Violation {
	for i := range r.refused {
		if n := r.refused[i].Load(); n > 0 && uint64(s.Newest(uint32(i))) == n {
			return &check.Violation{Promise: check.Refusals, Detail: fmt.Sprintf("append %d of client %d is in the log, though it returned an error", n, i)}
		}
	}
	return nil
}
