package log

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// watermark asks how far the log is visible, or durable, and reads the record that it names: a read that begins now must yield
// it, as the last of its transaction.
func (t *thread) watermark(ctx context.Context, o Operation) *check.Violation {
	r := t.run
	e, ok := r.engine.(harness.Watermarked)
	if !ok {
		return nil
	}
	closes, opened := r.openness()
	acknowledged := r.board.Acknowledged()
	var at harness.Offset
	if o.Kind == Visible {
		if at = e.Visible(ctx); at.Tx < acknowledged && opened && r.closes.Load() == closes {
			return &check.Violation{Promise: check.Watermarks, At: at, Detail: fmt.Sprintf("%v by %s is %v, though transaction %d was acknowledged", o, t.control.name, at, acknowledged)}
		}
	} else {
		at = e.Durable()
	}
	if t.control.noting() {
		t.control.event(fmt.Sprintf("returns %v", at), false)
	}
	if at.Tx == 0 {
		return nil
	}
	last, due := harness.Offset{}, r.board.Acknowledged()
	for record, err := range r.engine.Read(ctx, check.Whole(at.Tx-1), check.Whole(at.Tx)) {
		if err != nil {
			if errors.Is(err, storage.ErrClosed) && r.mayBeClosed(opened, closes) {
				return nil
			}
			return t.progress(Operation{Kind: Read}, err)
		}
		last = record.Offset
	}
	if last.Tx == 0 && at.Tx <= due {
		return &check.Violation{
			Promise: check.ReadAfterWrite, At: at, After: check.Whole(at.Tx - 1), UpTo: check.Whole(at.Tx), Acknowledged: due, MissingFrom: at.Tx, MissingTo: at.Tx,
			Detail: fmt.Sprintf("transaction %d missing, which %v by %s names", at.Tx, o, t.control.name),
		}
	}
	if last != at {
		return &check.Violation{Promise: check.NamedIsRead, At: at, Detail: fmt.Sprintf("%v by %s is %v, and a read of that transaction ends with %v", o, t.control.name, at, last)}
	}
	return nil
}
