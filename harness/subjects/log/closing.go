package log

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
	"github.com/racewindow/racewindow/storage"
)

// These operations close the log while others run, close its store, or ask for the log again while it is open or after it was
// closed. Unlike a reopen, none of them waits for the operations that run. Each keeps a reopen away, which replaces the engine.

// closeBeside closes the log or its store. That makes durable what was acknowledged before it.
func (t *thread) closeBeside(ctx context.Context, o Operation) *check.Violation {
	r := t.run
	covered, opened := r.board.Acknowledged(), r.isOpen()
	before := r.closes.Add(1)
	var err error
	if l := r.log(); o.Kind == Close {
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
	closes, opened, before := r.closes.Load(), r.isOpen(), engine.Log()
	l, err := engine.Store().Log(ctx, "case")
	switch {
	case errors.Is(err, storage.ErrClosed) && r.mayBeClosed(opened, closes):
		return nil
	case err != nil:
		return t.progress(o, err)
	case opened && r.closes.Load() == closes && l != before:
		return &check.Violation{Promise: check.OneLog, Detail: fmt.Sprintf("%v by %s got another log than the one that is open", o, t.control.name)}
	case l == before:
		return nil
	}
	if l.Handle() != "case" {
		return &check.Violation{Promise: check.OneLog, Detail: fmt.Sprintf("%v by %s got the log %s", o, t.control.name, l.Handle())}
	}
	engine.Renew(l)
	r.reopens.Raise(closes)
	return nil
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
