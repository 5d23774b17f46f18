package log

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// The ways to append that only this module's log has: durably, at given positions, and through a transaction that is used
// again after it has ended.

// log returns the log of the run, for calls that no other engine has.
func (r *run) log() *storage.Log {
	opened, _ := history.Opened(r.engine)
	return opened.Log()
}

func (r *run) store() *storage.Store {
	opened, _ := history.Opened(r.engine)
	return opened.Store()
}

// appendDurable appends, and checks that the durable watermark covers the append.
func (t *thread) appendDurable(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := history.Appended(ctx, records, func() (harness.Offset, error) { return words.AppendDurable(ctx, t.run.log(), records) })
	if err == nil {
		t.run.flushed.Raise(at.Tx)
	}
	return at, err
}

// placed gives the records of an AppendAt their positions within the transaction.
func placed(records []harness.Record, o Operation) {
	for i := range records {
		if o.Place != PlaceEqual {
			records[i].Offset.Op = uint64(i)
		}
	}
}

// appendAt appends at a position. If that must be the next one and another append was faster, it tries again. Each retry means
// that another append has succeeded, so there are no more tries than appends in the program.
func (t *thread) appendAt(ctx context.Context, o Operation, records []harness.Record) (at harness.Offset, err error) {
	l := t.run.log()
	records = append([]harness.Record(nil), records...) // the prepared records are shared by all executions
	placed(records, o)
	for range len(t.run.acked) + 1 {
		at = harness.Offset{Tx: l.Visible(ctx).Tx, Op: records[len(records)-1].Offset.Op}
		if o.Place != PlaceLast {
			at.Tx++
		}
		for i := range records {
			records[i].Offset.Tx = at.Tx
		}
		try := func() (harness.Offset, error) { return at, l.AppendAt(ctx, records...) }
		if o.Place == PlaceNext {
			at, err = history.Appended(ctx, records, try)
		} else {
			at, err = try()
		}
		if !errors.Is(err, storage.ErrNotIncreasing) || o.Place != PlaceNext {
			return at, err
		}
	}
	return at, &check.Violation{Promise: check.Order, At: at, Detail: fmt.Sprintf("appendat next by %s was refused more often than others appended: %v", t.control.name, err)}
}

// spend commits a transaction in fragments, then uses it again in each way. All of this counts as one operation.
func (t *thread) spend(ctx context.Context, fragments [][]harness.Record) (harness.Offset, error) {
	excused := func(err error) bool {
		return t.excused(err) || errors.Is(err, storage.ErrClosed) && t.run.mayBeClosed(t.opened, t.closes) ||
			errors.Is(err, storage.ErrPoisoned) && t.run.c.faulty()
	}
	return history.Appended(ctx, flat(fragments), func() (harness.Offset, error) {
		return words.Spend(ctx, t.run.log(), fragments, excused)
	})
}

func flat(fragments [][]harness.Record) (all []harness.Record) {
	for _, records := range fragments {
		all = append(all, records...)
	}
	return all
}
