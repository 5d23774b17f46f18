package words

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// A Log is what Waits uses of a *storage.Log.
type Log interface {
	Append(ctx context.Context, records ...storage.Record) (storage.Offset, error)
	Begin(ctx context.Context) (*storage.Transaction, error)
	Flush(ctx context.Context) error
	Read(ctx context.Context, after, upTo storage.Offset) iter.Seq2[storage.Record, error]
}

const (
	// mostLimit is the largest limit of a tail that Waits fills, in bytes.
	mostLimit = 64 << 20
	// mostValue bounds the values with which it does so.
	mostValue = 64 << 10
	// mostFills bounds the appends that fill a tail.
	mostFills = 1 << 14
	// mostHolds is how often it tries to hold a flush: it may find that the store's task has flushed already.
	mostHolds = 100
)

// Waits makes appends wait, and ends the context of each while it waits: first for the flush of a tail that is over its limit, then
// for the end of an open transaction. An append that is called off has appended nothing, its error is the context's, and the
// appends after it succeed. No append takes more than the limit.
//
// limit is the log's Options.TailBytes. Nobody else may use the log meanwhile. tried is false if nothing was tried: the build is not
// instrumented, the limit is above 64 MiB or above 16,384 of the largest values that the log takes, or no flush could be held.
func Waits(ctx context.Context, l Log, limit int64) (tried bool, err error) {
	if !failpoints.Instrumented() || limit > mostLimit {
		return false, nil
	}
	w := &waits{log: l, value: make([]byte, min(mostValue, max(1, limit/16)))}
	if err := w.fit(ctx); err != nil || len(w.value) == 0 || limit/mostFills > int64(len(w.value)) {
		return false, err
	}
	held, err := w.hold(ctx)
	if held == nil || err != nil {
		return false, err
	}
	err = w.fill(ctx, limit)
	close(held.release)
	if err = errors.Join(err, <-held.flushed); err == nil {
		err = w.keep(ctx)
	}
	if err == nil {
		err = w.turn(ctx)
	}
	if err == nil {
		err = w.keep(ctx)
	}
	if err == nil {
		err = w.readBack(ctx)
	}
	return true, err
}

// waits are the appends of one call of Waits.
type waits struct {
	log   Log
	value []byte
	made  int      // records
	kept  [][]byte // the keys of those that were appended, in their order
	first storage.Offset
	last  storage.Offset
}

func (w *waits) record() storage.Record {
	w.made++
	return storage.Record{Key: fmt.Appendf(nil, "wait %d", w.made), Value: w.value}
}

// append appends one record, and keeps in mind that it did.
func (w *waits) append(ctx context.Context) (storage.Offset, error) {
	r := w.record()
	at, err := w.log.Append(ctx, r)
	if err == nil {
		if w.kept = append(w.kept, r.Key); len(w.kept) == 1 {
			w.first = at
		}
		w.last = at
	}
	return at, err
}

func (w *waits) keep(ctx context.Context) error {
	_, err := w.append(ctx)
	return err
}

// fit makes the values so small that the log takes them.
func (w *waits) fit(ctx context.Context) error {
	for {
		err := w.keep(ctx)
		if !errors.Is(err, storage.ErrTooLarge) || len(w.value) == 0 {
			return err
		}
		w.value = w.value[:len(w.value)/2]
	}
}

// hold begins a flush and holds it before it takes the tail, so that nothing more becomes durable. It returns nil if it cannot.
func (w *waits) hold(ctx context.Context) (*holding, error) {
	for range mostHolds {
		if err := w.keep(ctx); err != nil {
			return nil, err
		}
		h := &holding{held: make(chan struct{}), release: make(chan struct{}), flushed: make(chan error, 1)}
		go func() { h.flushed <- w.log.Flush(failpoints.With(ctx, h)) }()
		select {
		case <-h.held:
			return h, nil
		case err := <-h.flushed:
			if err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// fill appends until an append waits for the flush, and calls that one off.
func (w *waits) fill(ctx context.Context, limit int64) error {
	for unflushed := int64(0); ; unflushed += int64(len(w.value)) { // at least so many
		at, err := w.append(calledOff(ctx, "flush/wait"))
		switch {
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return err
		case unflushed >= limit:
			return broken(check.TailLimit, at, "an append was taken though %d bytes before it were unflushed, and the limit is %d", unflushed, limit)
		}
	}
}

// turn opens a transaction, calls off an append that waits for its end, and aborts.
func (w *waits) turn(ctx context.Context) error {
	tx, err := w.log.Begin(ctx)
	if err != nil {
		return err
	}
	if err = tx.Add(ctx, w.record()); err == nil {
		var at storage.Offset
		if at, err = w.log.Append(calledOff(ctx, "append/turn"), w.record()); err == nil {
			err = broken(check.TransactionAtomicity, at, "an append was taken as %v while transaction %d was open", at, tx.Tx())
		} else if errors.Is(err, context.Canceled) {
			err = nil
		}
	}
	return errors.Join(err, tx.Abort(ctx))
}

// readBack checks that a read yields what was appended, and nothing that was called off or aborted.
func (w *waits) readBack(ctx context.Context) error {
	kept := w.kept
	for r, err := range w.log.Read(ctx, check.Whole(w.first.Tx-1), storage.End) {
		switch {
		case err != nil:
			return err
		case len(kept) > 0 && bytes.Equal(r.Key, kept[0]):
			kept = kept[1:]
		default:
			return broken(check.Refusals, r.Offset, "%v has the key %.40q, whose append was called off or aborted, or is out of its order", r.Offset, r.Key)
		}
	}
	if len(kept) > 0 {
		return broken(check.OtherLog, w.last, "%d of %d appends that were acknowledged do not come, from %q on", len(kept), len(w.kept), kept[0])
	}
	return nil
}

// A holding is the controller of a flush. It holds the flush where its leader is about to take the tail.
type holding struct {
	held, release chan struct{}
	flushed       chan error
	over          bool
}

// Yield implements failpoints.Controller.
func (h *holding) Yield(_ context.Context, p *failpoints.Point) {
	if h.over || p.Name() != "flush/lock" {
		return
	}
	h.over = true
	close(h.held)
	<-h.release
}

// Fault implements failpoints.Controller.
func (*holding) Fault(context.Context, *failpoints.Point) (any, bool) { return nil, false }

// A calling is the controller of an append. It ends the append's context once the append is about to wait at a point.
type calling struct {
	point string
	off   context.CancelFunc
}

// calledOff returns a context that ends once its call waits at a point. Another goroutine ends it, so the call may already sleep.
func calledOff(ctx context.Context, point string) context.Context {
	ctx, off := context.WithCancel(ctx)
	return failpoints.With(ctx, calling{point, off})
}

// Yield implements failpoints.Controller.
func (c calling) Yield(_ context.Context, p *failpoints.Point) {
	if p.Name() == c.point {
		go c.off()
	}
}

// Fault implements failpoints.Controller.
func (calling) Fault(context.Context, *failpoints.Point) (any, bool) { return nil, false }
