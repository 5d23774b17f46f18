package log

import (
	"bytes"
	"context"
	"fmt"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// A second log in the store of the case. It shares only the flusher and the lock on the folder: what happens to one log must
// not show in the other.

const otherHandle = "other"

// others is what the run knows of the second log.
type others struct {
	acked raceoff.Number // the highest transaction that was acknowledged
	at    raceoff.Number // when that was, on the clock of the case
}

// says reports whether the program has an operation of one of these kinds.
func (c Case) says(kinds ...Kind) bool {
	for _, t := range c.Threads {
		for _, o := range t.Operations {
			for _, k := range kinds {
				if o.Kind == k {
					return true
				}
			}
		}
	}
	return false
}

// other appends to the second log and reads what it has appended.
func (t *thread) other(ctx context.Context, o Operation) *check.Violation {
	r := t.run
	l, err := r.store().Log(ctx, otherHandle)
	if err != nil {
		return t.progress(o, err)
	}
	records := make([]harness.Record, o.Records())
	for i := range records {
		records[i] = harness.Record{Key: []byte(otherHandle), Value: bytes.Repeat([]byte{byte(i)}, o.ValueBytes(i))}
	}
	at, err := l.Append(t.calls(ctx), records...)
	if isOneOf(err, t.mustRefuse(o)) {
		return nil
	} else if err != nil {
		return t.progress(o, err)
	}
	r.others.acked.Raise(at.Tx)
	r.others.at.Raise(uint64(failpoints.Now(ctx).UnixNano()))
	if v := t.listed(otherHandle); v != nil {
		return v
	}
	n := 0
	for record, err := range l.Read(ctx, check.Whole(at.Tx-1), at) {
		if err != nil {
			return t.progress(o, err)
		}
		if n == len(records) || record.Offset.Op != uint64(n) || !bytes.Equal(record.Value, records[n].Value) {
			return &check.Violation{Promise: check.OtherLog, At: record.Offset, Detail: fmt.Sprintf("%v by %s was acknowledged as %v, and the second log yields something else at %v", o, t.control.name, at, record.Offset)}
		}
		n++
	}
	if n != len(records) {
		return &check.Violation{Promise: check.OtherLog, At: at, Detail: fmt.Sprintf("%v by %s was acknowledged as %v, and %d of its records are in the second log", o, t.control.name, at, n)}
	}
	return nil
}

// appendOther appends one record to the second log after the program is over.
func (r *run) appendOther(ctx context.Context) error {
	l, err := r.store().Log(ctx, otherHandle)
	if err != nil {
		return err
	}
	at, err := l.Append(ctx, harness.Record{Key: []byte(otherHandle)})
	if err == nil {
		r.others.acked.Raise(at.Tx)
	}
	return err
}

// otherIsWhole judges the second log after the program is over and the store was opened again.
func (r *run) otherIsWhole(ctx context.Context) *check.Violation {
	acked := r.others.acked.Load()
	if acked == 0 {
		return nil
	}
	l, err := r.store().Log(ctx, otherHandle)
	if err != nil {
		return &check.Violation{Promise: check.OtherLog, Detail: fmt.Sprintf("the second log does not open: %v", err)}
	}
	last := uint64(0)
	for record, err := range l.Read(ctx, storage.Offset{}, storage.End) {
		if err != nil {
			return &check.Violation{Promise: check.OtherLog, Detail: fmt.Sprintf("the second log cannot be read: %v", err)}
		}
		if record.Offset.Tx > last+1 || string(record.Key) != otherHandle {
			return &check.Violation{Promise: check.OtherLog, At: record.Offset, Detail: fmt.Sprintf("the second log yields %v, key %q, after transaction %d", record.Offset, record.Key, last)}
		}
		last = record.Offset.Tx
	}
	if last < acked {
		return &check.Violation{Promise: check.OtherLog, Detail: fmt.Sprintf("transactions %d to %d of the second log are gone", last+1, acked)}
	}
	return nil
}
