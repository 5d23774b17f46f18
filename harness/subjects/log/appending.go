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
	l := t.run.log()
	at, err := history.Appended(ctx, records, func() (harness.Offset, error) { return l.AppendDurable(ctx, records...) })
	if err != nil {
		return at, err
	}
	if durable := l.Durable(); durable.Before(at) {
		return at, broken(check.DurableAppends, at, "a durable append by %s returned %v, and the log is durable up to %v only", t.control.name, at, durable)
	}
	t.run.flushed.Raise(at.Tx)
	return at, nil
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
	return at, broken(check.Order, at, "appendat next by %s was refused more often than others appended: %v", t.control.name, err)
}

// spend commits a transaction in fragments, then uses it again in each way. All of this counts as one operation.
func (t *thread) spend(ctx context.Context, fragments [][]harness.Record) (harness.Offset, error) {
	return history.Appended(ctx, flat(fragments), func() (harness.Offset, error) { return t.spent(ctx, fragments) })
}

func (t *thread) spent(ctx context.Context, fragments [][]harness.Record) (at harness.Offset, err error) {
	tx, at, err := build(ctx, t.run.log(), fragments)
	if err != nil {
		return at, err
	}
	if tx.Tx() != at.Tx {
		return at, broken(check.Order, at, "a transaction by %s says that it is %d, and was committed as %v", t.control.name, tx.Tx(), at)
	}
	for _, again := range []struct {
		what string
		call func() error
	}{
		{"a second commit", func() error { _, err := tx.Commit(ctx); return err }},
		{"records added after the commit", func() error { return tx.Add(ctx, fragments[0]...) }},
		{"an abort after the commit", func() error { return tx.Abort(ctx) }},
	} {
		switch err := again.call(); {
		case errors.Is(err, storage.ErrNoTransaction), t.excused(err), errors.Is(err, storage.ErrClosed) && t.run.mayBeClosed(t.opened, t.closes):
		case errors.Is(err, storage.ErrPoisoned) && t.run.c.faulty():
		default:
			return at, broken(check.EndedTransactions, at, "%s of transaction %d by %s got: %v", again.what, at.Tx, t.control.name, err)
		}
	}
	return at, nil
}

// build makes a transaction of these fragments and commits it.
func build(ctx context.Context, l *storage.Log, fragments [][]harness.Record) (tx *storage.Transaction, at harness.Offset, err error) {
	if tx, err = l.Begin(ctx); err != nil {
		return nil, at, err
	}
	for _, records := range fragments {
		if err := tx.Add(ctx, records...); err != nil {
			_ = tx.Abort(ctx) // the first error is the one to report
			return tx, at, err
		}
	}
	if at, err = tx.Commit(ctx); err != nil {
		_ = tx.Abort(ctx)
	}
	return tx, at, err
}

func flat(fragments [][]harness.Record) (all []harness.Record) {
	for _, records := range fragments {
		all = append(all, records...)
	}
	return all
}

// A brokenError carries a violation through calls that return errors.
type brokenError struct{ *check.Violation }

func broken(p check.Promise, at harness.Offset, format string, arguments ...any) error {
	return brokenError{&check.Violation{Promise: p, At: at, Detail: fmt.Sprintf(format, arguments...)}}
}
