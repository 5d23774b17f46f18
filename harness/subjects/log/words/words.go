// Package words executes the operations that only the log of this module has, and judges what the log's documentation promises of
// each: durable appends, appends at a given position, calls on an ended transaction, watermarks, calls with an ended context,
// opening a log that is open, appends to a second log. Cases use it, and so do the clients of stress, crashstress and kill.
//
// A function's error is a *check.Violation if a promise is broken, and else what the log returned.
package words

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

func broken(p check.Promise, at storage.Offset, format string, arguments ...any) error {
	return &check.Violation{Promise: p, At: at, Detail: fmt.Sprintf(format, arguments...)}
}

// Broken returns the violation that an error of this package is, nil if it is none.
func Broken(err error) *check.Violation {
	if err == nil {
		return nil
	}
	var v *check.Violation
	if errors.As(err, &v) {
		return v
	}
	return nil
}

// AppendDurable appends durably. The watermark must then cover the append.
func AppendDurable(ctx context.Context, l *storage.Log, records []storage.Record) (storage.Offset, error) {
	at, err := l.AppendDurable(ctx, records...)
	if err != nil {
		return at, err
	}
	if durable := l.Durable(); durable.Before(at) {
		return at, broken(check.DurableAppends, at, "a durable append returned %v, and the log is durable up to %v only", at, durable)
	}
	return at, nil
}

// mostTries is how often AppendNext gives a position before it leaves the position to the log.
const mostTries = 4

// AppendNext appends the records at the position after what is visible. If another append is faster each time, it gives no position
// in the end.
func AppendNext(ctx context.Context, l *storage.Log, records []storage.Record) (storage.Offset, error) {
	for range mostTries {
		at := position(records, l.Visible(ctx).Tx+1)
		if err := l.AppendAt(ctx, records...); !errors.Is(err, storage.ErrNotIncreasing) {
			return at, err
		}
	}
	return l.Append(ctx, records...)
}

// position gives the records of a transaction their positions, and returns the last one.
func position(records []storage.Record, tx uint64) (last storage.Offset) {
	for i := range records {
		last = storage.Offset{Tx: tx, Op: uint64(i)}
		records[i].Offset = last
	}
	return last
}

// Taken appends at a position that the log has used, which the log must refuse.
func Taken(ctx context.Context, l *storage.Log, doomed []storage.Record) error {
	at := position(doomed, l.Visible(ctx).Tx)
	err := l.AppendAt(ctx, doomed...)
	switch {
	case err == nil:
		return broken(check.Refusals, at, "an append at %v was taken, where the log had ended before", at)
	case errors.Is(err, storage.ErrNotIncreasing):
		return nil
	}
	return err
}

// Spend commits a transaction in fragments, then uses it again in each way. excused says which errors may come instead of
// ErrNoTransaction.
func Spend(ctx context.Context, l *storage.Log, fragments [][]storage.Record, excused func(error) bool) (at storage.Offset, err error) {
	tx, at, err := build(ctx, l, fragments)
	if err != nil {
		return at, err
	}
	if tx.Tx() != at.Tx {
		return at, broken(check.Order, at, "a transaction says that it is %d, and was committed as %v", tx.Tx(), at)
	}
	for _, again := range []struct {
		what string
		call func() error
	}{
		{"a second commit", func() error { _, err := tx.Commit(ctx); return err }},
		{"records added after the commit", func() error { return tx.Add(ctx, fragments[0]...) }},
		{"an abort after the commit", func() error { return tx.Abort(ctx) }},
	} {
		if err := again.call(); !errors.Is(err, storage.ErrNoTransaction) && (err == nil || !excused(err)) {
			return at, broken(check.EndedTransactions, at, "%s of transaction %d got: %v", again.what, at.Tx, err)
		}
	}
	return at, nil
}

// build makes a transaction of these fragments and commits it.
func build(ctx context.Context, l *storage.Log, fragments [][]storage.Record) (tx *storage.Transaction, at storage.Offset, err error) {
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

// Watermarks asks how far the log is visible and durable. What was acknowledged before is visible, and each names the last record of
// a transaction that a read yields.
func Watermarks(ctx context.Context, l *storage.Log, acknowledged uint64) error {
	durable := l.Durable()
	visible := l.Visible(ctx)
	switch {
	case visible.Tx < acknowledged:
		return broken(check.Watermarks, visible, "the log is visible up to %v, though transaction %d was acknowledged", visible, acknowledged)
	case visible.Before(durable):
		return broken(check.Watermarks, durable, "the log is durable up to %v, and visible up to %v only", durable, visible)
	}
	for _, at := range []storage.Offset{durable, visible} {
		if at.Tx == 0 {
			continue
		}
		last, err := lastOf(ctx, l, at.Tx)
		if err != nil {
			return err
		}
		switch {
		case last == at:
		case last.Tx == 0 && at.Tx <= acknowledged:
			return broken(check.ReadAfterWrite, at, "transaction %d was acknowledged, and a read of it yields nothing", at.Tx)
		default:
			return broken(check.NamedIsRead, at, "a watermark is %v, and a read of that transaction ends with %v", at, last)
		}
	}
	return nil
}

func lastOf(ctx context.Context, l *storage.Log, tx uint64) (last storage.Offset, err error) {
	for record, err := range l.Read(ctx, check.Whole(tx-1), check.Whole(tx)) {
		if err != nil {
			return last, err
		}
		last = record.Offset
	}
	return last, nil
}

// Ended appends and reads with a context that has ended before, which must do nothing but return the context's error.
func Ended(ctx context.Context, l *storage.Log, doomed []storage.Record) error {
	ended, end := context.WithCancel(ctx)
	end()
	if at, err := l.Append(ended, doomed...); err == nil {
		return broken(check.EndedContexts, at, "an append was carried out, though its context had ended before")
	} else if !errors.Is(err, context.Canceled) {
		return err
	}
	for record, err := range l.Read(ended, storage.Offset{}, storage.End) {
		if err == nil {
			return broken(check.EndedContexts, record.Offset, "a read yielded %v, though its context had ended before", record.Offset)
		} else if !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
	return broken(check.EndedContexts, storage.Offset{}, "a read returned no error, though its context had ended before")
}

// Again asks the store for a log that is open. The store must return that log, not another one. If a close that failed has closed the log,
// and left the store open, the store opens it anew.
func Again(ctx context.Context, s *storage.Store, l *storage.Log) error {
	again, err := s.Log(ctx, l.Handle())
	if err == nil && again != l && !isClosed(ctx, l) {
		return broken(check.OneLog, storage.Offset{}, "the store gave out another log %s than the one that is open", l.Handle())
	}
	return err
}

// isClosed says whether a log is closed. A log is closed before the store forgets it.
func isClosed(ctx context.Context, l *storage.Log) bool {
	for _, err := range l.Read(ctx, storage.Offset{}, storage.End) {
		return errors.Is(err, storage.ErrClosed)
	}
	return false
}

// Neighbour appends to another log of the store, and reads back what it has appended. What it acknowledged stays in that log.
func Neighbour(ctx context.Context, s *storage.Store, handle string, records []storage.Record) error {
	l, err := s.Log(ctx, handle)
	if err != nil {
		return err
	}
	at, err := l.Append(ctx, records...)
	if err != nil {
		return err
	}
	n := 0
	for record, err := range l.Read(ctx, check.Whole(at.Tx-1), at) {
		if err != nil {
			return err
		}
		if n == len(records) || !bytes.Equal(record.Key, records[n].Key) || !bytes.Equal(record.Value, records[n].Value) {
			return broken(check.OtherLog, record.Offset, "an append to log %s was acknowledged as %v, and it yields something else at %v", handle, at, record.Offset)
		}
		n++
	}
	if n != len(records) {
		return broken(check.OtherLog, at, "an append to log %s was acknowledged as %v, and %d of its %d records came", handle, at, n, len(records))
	}
	return nil
}
