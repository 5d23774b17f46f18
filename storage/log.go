package storage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints"
)

// A Log is one append-only log of a Store. Many goroutines may call its methods at once. A context with a controller
// (package failpoints) puts the call's failpoints under its control. A call checks whether its context has ended where
// it waits, and a read also between two blocks. An append or a read whose context has ended before it begins does
// nothing and returns the context's error.
type Log struct {
	store    *Store
	handle   string
	options  Options
	handover handover
	writer   writerSide // the same value as handover if that is a writerSide, else nil

	_ [64]byte // readers load the fields that follow, so they share no cache line with fields that writers change
	// committed is the position past the last complete transaction; a read returns nothing at or past it.
	committed atomic.Uint64
	view      atomic.Pointer[view]
	// broken is why appends and flushes are refused: poison, or ErrClosed.
	broken atomic.Pointer[brokenState]
	_      [64]byte

	mu   sync.Mutex      // guards the writers' state, and every change of view
	idle failpoints.Cond // wakes writers that wait for the open transaction to end
	writerState

	flushMu sync.Mutex // guards round
	round   *flushRound
}

type brokenState struct{ err error }

// writerState is what an append changes, with Log.mu held.
type writerState struct {
	arena       *arena // nil until the next frame needs one
	slab        slab   // the memory of the next arenas
	end         uint64 // position past the last frame, committed or not
	last        Offset // of the last frame
	lastStart   uint64 // position of the last frame
	complete    Offset // of the last record of the last complete transaction
	open        *Transaction
	chunkStart  uint64     // position of the newest boundary
	chunks      bool       // there is a boundary
	chunkClosed bool       // a chunk has ended since the last flush took the tail
	boundaries  []boundary // not in the index yet
	queued      bool       // the flusher has a request for this log with a time
	urgent      bool       // the flusher has a request for this log to flush it at once
	closing     bool       // appends are refused
}

var (
	writeLock  = failpoints.WaitPoint(Package, "append/lock")
	writerTurn = failpoints.WaitPoint(Package, "append/turn")
	flushLock  = failpoints.WaitPoint(Package, "flush/lock")
	flushTurn  = failpoints.WaitPoint(Package, "flush/turn")
	flushWait  = failpoints.WaitPoint(Package, "flush/wait")
)

// Handle is the log's name within its store.
func (l *Log) Handle() string { return l.handle }

// Visible is the offset of the last record that a read may return now, zero for an empty log.
func (l *Log) Visible(ctx context.Context) Offset {
	failpoints.Lock(ctx, writeLock, &l.mu)
	defer l.mu.Unlock()
	return l.complete
}

// Durable is the offset of the last record of the last complete transaction that survives a crash, zero if there is
// none. Reads serve the records between it and Visible from memory.
//
//racewindow:atomic because it is the call's only step: a switch before it is a switch before the call
func (l *Log) Durable() Offset { return l.view.Load().durable }

// lockedView is the view, for those who hold the lock.
//
//racewindow:atomic because the view changes only with the lock held
func (l *Log) lockedView() *view { return l.view.Load() }

// usable says whether appends and flushes may go on.
//
//racewindow:atomic because the answer changes once and then stays: whoever acts on it asks again with the lock held
func (l *Log) usable() error {
	if b := l.broken.Load(); b != nil {
		return b.err
	}
	return nil
}

// writable says whether appends may go on. The lock is held.
func (l *Log) writable() error {
	if err := l.usable(); err != nil || !l.closing {
		return err
	}
	return l.closedError()
}

func (l *Log) closedError() error { return &closedError{l.handle} }

// A closedError is ErrClosed with the log's handle. It formats its text only when asked: every Close makes one, and few
// are ever printed.
type closedError struct{ handle string }

func (e *closedError) Error() string {
	return fmt.Sprintf("log %s: %v: open it again", e.handle, ErrClosed)
}

func (e *closedError) Unwrap() error { return ErrClosed }

// readable says whether a read may start. A poisoned log still serves what it has.
//
//racewindow:atomic because it is the first step of a read: a Close before it is a Close before the read
func (l *Log) readable(ctx context.Context) error {
	if b := l.broken.Load(); b != nil && errors.Is(b.err, ErrClosed) {
		return b.err
	}
	return ctx.Err()
}

// poison makes every later append and flush fail with ErrPoisoned and cause, and returns that error. The first cause
// stays.
//
//racewindow:atomic because appends and flushes see only the error, never the file that failed
func (l *Log) poison(cause error) error {
	err := fmt.Errorf("log %s: %w: %w; reopen the store: what was durable is kept, the rest is what the disk has of it", l.handle, ErrPoisoned, cause)
	l.broken.CompareAndSwap(nil, &brokenState{err})
	return l.broken.Load().err
}

// Close flushes what is unflushed and releases the log. A transaction that is still open is lost, as in a crash. A
// poisoned log is not flushed again: Close releases it and returns ErrPoisoned. Closing twice returns ErrClosed. On a
// full disk Close returns ErrNoSpace and the log stays open, because the records in memory would be lost: make room and
// close again. Close goes on after ctx ends, because nobody could use a log that is half closed. It seals the log, so that
// the next opening need not read every record.
func (l *Log) Close(ctx context.Context) error {
	failpoints.Lock(ctx, storeOpening, &l.store.opening) // so nobody recovers the files before they are closed
	defer l.store.opening.Unlock()
	err := l.close(ctx)
	if !errors.Is(err, ErrNoSpace) {
		l.store.forget(ctx, l)
	}
	return err
}

func (l *Log) close(ctx context.Context) error {
	ctx = failpoints.Detach(ctx)
	if err := l.refuseWriters(ctx); err != nil {
		return err
	}
	flushed := l.Flush(ctx) // covers every append that was not refused
	if errors.Is(flushed, ErrNoSpace) {
		l.acceptWriters(ctx)
		return fmt.Errorf("log %s stays open: %w", l.handle, flushed)
	}
	if err := l.lead(ctx); err != nil {
		return errors.Join(flushed, err)
	}
	defer l.step(ctx, nil)
	failpoints.Lock(ctx, writeLock, &l.mu)
	defer l.mu.Unlock()
	sound := flushed == nil && l.usable() == nil
	l.broken.Store(&brokenState{l.closedError()})
	return errors.Join(flushed, l.closeFiles(sound))
}

// refuseWriters makes every append from now on fail with ErrClosed, including those that wait.
func (l *Log) refuseWriters(ctx context.Context) error {
	failpoints.Lock(ctx, writeLock, &l.mu)
	defer l.mu.Unlock()
	if l.closing {
		return l.closedError()
	}
	l.closing = true
	l.idle.Broadcast()
	return nil
}

// acceptWriters undoes refuseWriters.
func (l *Log) acceptWriters(ctx context.Context) {
	failpoints.Lock(ctx, writeLock, &l.mu)
	l.closing = false
	l.mu.Unlock()
}

// closeFiles closes the index and the segments. With sound, which says that nothing has failed, it first cuts the room that
// was reserved and never used, and seals the log.
//
//racewindow:atomic because a read in progress gets the bytes as before the close, or ErrClosed as after it
func (l *Log) closeFiles(sound bool) error {
	v := l.lockedView()
	var err error
	if s := v.segments[len(v.segments)-1]; sound && s.allocated > s.at(v.persisted) {
		err = s.file.Truncate(s.at(v.persisted))
	}
	if sound && err == nil {
		l.seal()
	}
	for _, s := range v.segments {
		err = errors.Join(err, s.file.Close())
	}
	if err = errors.Join(err, v.index.file.Close()); err != nil {
		return fmt.Errorf("close log %s: %w", l.handle, err)
	}
	return nil
}
