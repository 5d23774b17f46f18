package log

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
	"github.com/racewindow/racewindow/storage"
)

// These operations close the log while others run, close its store, or ask for the log again while it is open or after it was
// closed. Unlike a reopen, none of them waits for the operations that run. Each keeps a reopen away, which replaces the engine.

// closeBeside closes the log or its store. That makes durable what was acknowledged before it.
func (t *thread) closeBeside(ctx context.Context, o Operation) *check.Violation {
	r := t.run
	covered, l := r.board.Acknowledged(), r.log()
	before := r.closes.Add(1)
	opened := r.reopens.Load() == before-1
	defer r.closesOver.Add(1)
	var err error
	if o.Kind == Close {
		err = l.Close(ctx)
	} else {
		err = r.store().Close(ctx)
	}
	switch {
	case err == nil:
		if opened && r.closes.Load() == before {
			r.flushed.Raise(covered)
		}
		return nil
	case errors.Is(err, storage.ErrClosed) && (!opened || r.closes.Load() != before):
		return nil // another close was first
	}
	return t.progress(o, err)
}

// ask asks the store for the log once more.
func (t *thread) ask(ctx context.Context, o Operation) *check.Violation {
	r := t.run
	engine, _ := history.Opened(r.engine)
	closes, opened := r.openness()
	before := engine.Log()
	quiet := r.closesOver.Load() == closes // else a close in progress may still close the log that is returned
	l, err := engine.Store().Log(ctx, "case")
	switch {
	case errors.Is(err, storage.ErrClosed) && r.mayBeClosed(opened, closes):
		return nil
	case err != nil:
		return t.progress(o, err)
	case opened && r.closes.Load() == closes && l != before:
		return &check.Violation{Promise: check.OneLog, Detail: fmt.Sprintf("%v by %s got another log than the one that is open", o, t.control.name)}
	}
	if l != before {
		if l.Handle() != "case" {
			return &check.Violation{Promise: check.OneLog, Detail: fmt.Sprintf("%v by %s got the log %s", o, t.control.name, l.Handle())}
		}
		engine.Renew(l) // before anything else, which another close might overtake
	}
	_, err = firstOf(ctx, l)
	if !quiet || r.closes.Load() != closes {
		return nil
	}
	if errors.Is(err, storage.ErrClosed) {
		return &check.Violation{Promise: check.OneLog, Detail: fmt.Sprintf("%v by %s got a log that was closed before", o, t.control.name)}
	}
	r.reopens.Raise(closes)
	return nil
}

// firstOf reads the first record of a log; there may be none.
func firstOf(ctx context.Context, l *storage.Log) (first harness.Record, err error) {
	for record, err := range l.Read(ctx, harness.Offset{}, storage.End) {
		return record, err
	}
	return first, nil
}

// listed checks that the store lists a log.
func (t *thread) listed(wanted string) *check.Violation {
	handles, err := t.run.store().Handles()
	if err == nil {
		for _, h := range handles {
			if h == wanted {
				return nil
			}
		}
	}
	return &check.Violation{Promise: check.OneLog, Detail: fmt.Sprintf("the store lists the logs %v (error %v), and not %s", handles, err, wanted)}
}
