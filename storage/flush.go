package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// A flush makes the tail durable: write, sync, publish, trim. One goroutine at a time leads a round. Whoever needs the
// log durable up to a position waits for the round in progress; if that round did not reach the position, it leads or
// joins the next one. So any number of durable appends share one sync.

// A flushRound is one leader's turn. err is set before done is closed.
type flushRound struct {
	done chan struct{}
	err  error
}

// Flush returns when everything that was visible at its call is durable.
//
// After a failed write or sync, this and every later call returns ErrPoisoned. On a full disk it returns ErrNoSpace; the
// log stays usable and keeps the records in memory.
//
//racewindow:atomic because it is a call's first step: a switch before it comes before the call; Close refuses appends first
func (l *Log) Flush(ctx context.Context) error { return l.flushTo(ctx, l.committed.Load()) }

// flushTail answers a request to the flusher: it flushes the whole tail, fragments of an open transaction included.
func (l *Log) flushTail(ctx context.Context, r flushRequest) error {
	failpoints.Lock(ctx, flushLock, &l.mu)
	if r.at.IsZero() {
		l.urgent = false
	} else {
		l.queued = false
	}
	end := l.end
	l.mu.Unlock()
	return l.flushTo(ctx, end)
}

// flushAgain asks the flusher for another flush when the interval has passed.
func (l *Log) flushAgain(ctx context.Context) {
	failpoints.Lock(ctx, flushLock, &l.mu)
	defer l.mu.Unlock()
	l.askForFlushLater(ctx)
}

// flushTo returns when everything below position is durable.
func (l *Log) flushTo(ctx context.Context, position uint64) error {
	for {
		if err := l.usable(); err != nil {
			return err
		}
		failpoint.InjectCall("flush/before-check", ctx)
		if l.view.Load().persisted >= position {
			return nil
		}
		r, leads := l.joinRound(ctx)
		if leads {
			return l.step(ctx, l.flushOnce(ctx)) // flushes the whole tail, so also what the caller needs
		}
		if _, _, err := failpoints.Receive(ctx, flushWait, r.done); err != nil {
			return fmt.Errorf("wait for a flush of log %s: %w", l.handle, err)
		}
		if r.err != nil {
			return r.err
		}
	}
}

// joinRound returns the round in progress, or begins one that the caller leads.
func (l *Log) joinRound(ctx context.Context) (r *flushRound, leads bool) {
	failpoints.Lock(ctx, flushTurn, &l.flushMu)
	defer l.flushMu.Unlock()
	if l.round == nil {
		l.round, leads = &flushRound{done: make(chan struct{})}, true
	}
	return l.round, leads
}

// lead waits for the rounds before it, then begins one that the caller leads. It is for work that must not run beside a
// flush.
func (l *Log) lead(ctx context.Context) error {
	for {
		r, leads := l.joinRound(ctx)
		if leads {
			return nil
		}
		if _, _, err := failpoints.Receive(ctx, flushWait, r.done); err != nil {
			return fmt.Errorf("wait for a flush of log %s: %w", l.handle, err)
		}
	}
}

// step ends the caller's round and passes err to the goroutines that wait for it.
func (l *Log) step(ctx context.Context, err error) error {
	failpoints.Lock(ctx, flushTurn, &l.flushMu)
	r := l.round
	l.round = nil
	l.flushMu.Unlock()
	r.err = err
	failpoint.InjectCall("flush/notify", ctx)
	close(r.done)
	return err
}

// A flushBatch is what one round makes durable: the positions [from, end).
type flushBatch struct {
	view       *view
	from, end  uint64
	settled    uint64 // position past the last complete transaction
	last       Offset // of the frame that ends at end
	complete   Offset // of the last record of the last complete transaction
	boundaries []boundary
}

// flushOnce is a leader's work. With a hand-over that keeps a tail of its own, the log stays locked throughout, because in
// the analysed system one process both appends and flushes.
func (l *Log) flushOnce(ctx context.Context) error {
	failpoints.Lock(ctx, flushLock, &l.mu)
	b := l.captureBatch()
	if l.writer == nil {
		l.mu.Unlock()
	} else {
		defer l.mu.Unlock()
	}
	if err := l.usable(); err != nil || b.from == b.end {
		return err
	}
	segments, index, err := l.makeDurable(ctx, b)
	if err != nil {
		l.flushFailed(ctx, b, segments)
		return err
	}
	failpoint.InjectCall("flush/synced", ctx)
	if l.writer == nil {
		failpoints.Lock(ctx, flushLock, &l.mu)
	}
	v := l.publish(b, segments, index)
	if l.writer == nil {
		l.mu.Unlock()
	} else {
		l.writer.published(ctx, v)
	}
	failpoint.InjectCall("flush/published", ctx)
	if l.writer != nil {
		l.writer.trim(ctx, v)
	}
	failpoint.InjectCall("flush/trimmed", ctx)
	return nil
}

// flushFailed closes a new file that no view will hold. It wakes the writers that wait for the open transaction, which may
// never end now. The lock is held if the hand-over keeps a tail of its own.
func (l *Log) flushFailed(ctx context.Context, b flushBatch, segments []*segment) {
	if len(segments) > len(b.view.segments) {
		//racewindow:atomic because no view holds the file; the caller already has the error that matters
		_ = segments[len(segments)-1].file.Close()
	}
	if l.writer == nil {
		failpoints.Lock(ctx, flushLock, &l.mu)
		defer l.mu.Unlock()
	}
	l.idle.Broadcast()
}

// captureBatch takes the whole tail as the batch. The lock is held.
func (l *Log) captureBatch() flushBatch {
	v := l.lockedView()
	committed := l.committed.Load() //racewindow:atomic because it changes only with the lock held
	b := flushBatch{view: v, from: v.persisted, end: l.end, settled: committed, last: l.last, complete: l.complete, boundaries: l.boundaries}
	l.chunkClosed = false
	return b
}

// makeDurable writes and syncs the batch. It returns the files and the index with the batch included.
func (l *Log) makeDurable(ctx context.Context, b flushBatch) ([]*segment, chunkIndex, error) {
	segments, err := l.segmentsFor(ctx, b)
	if errors.Is(err, ErrNoSpace) {
		return nil, chunkIndex{}, err
	}
	if err != nil {
		return nil, chunkIndex{}, l.poison(err)
	}
	s := segments[len(segments)-1]
	failpoint.InjectCall("flush/before-write", ctx)
	if err := l.writeBatch(ctx, s, b); err != nil {
		return segments, chunkIndex{}, l.writeFailed(s, b, err)
	}
	failpoint.InjectCall("flush/written", ctx)
	if err := l.syncFile(ctx, s); err != nil {
		return segments, chunkIndex{}, l.poison(err)
	}
	index, err := l.writeIndex(ctx, b)
	if err != nil {
		return segments, chunkIndex{}, l.poison(err)
	}
	return segments, index, nil
}

// oftenBytes is the most that a batch holds if the time of a sync matters more than that of writing.
const oftenBytes = 256 << 10

// writeBatch writes the arenas' bytes to the file, at their positions in the log.
func (l *Log) writeBatch(ctx context.Context, s *segment, b flushBatch) error {
	s.reserve(s.at(b.end), !l.options.NoSync && b.end-b.from <= oftenBytes)
	at := b.from
	var failed error
	b.view.tail(b.from, b.end, func(frames []byte) bool {
		failed = l.writeFrames(ctx, s, frames, at)
		at += uint64(len(frames))
		return failed == nil
	})
	return failed
}

func (l *Log) writeFrames(ctx context.Context, s *segment, frames []byte, position uint64) (err error) {
	length := len(frames)
	failpoint.InjectContext(ctx, "flush/write-error", func(v failpoint.Value) { frames, err = nil, failpoints.AsError(v, syscall.EIO) })
	failpoint.InjectContext(ctx, "flush/short-write", func(v failpoint.Value) {
		frames, err = frames[:failpoints.AsLength(v, length)], io.ErrShortWrite
	})
	failpoint.InjectContext(ctx, "flush/no-space", func(v failpoint.Value) {
		frames, err = frames[:failpoints.AsLength(v, length)], syscall.ENOSPC
	})
	if len(frames) > 0 {
		n, failed := s.file.WriteAt(frames, s.at(position))
		if failed == nil && n < len(frames) {
			failed = io.ErrShortWrite
		}
		err = errors.Join(failed, err)
	}
	if err != nil {
		return fmt.Errorf("write %d bytes to %s/%s at byte %d: %w", length, l.handle, s.name, s.at(position), err)
	}
	return nil
}

// syncFile makes the segment's bytes durable, unless the store does not sync.
func (l *Log) syncFile(ctx context.Context, s *segment) (err error) {
	failpoint.InjectContext(ctx, "flush/sync-error", func(v failpoint.Value) { err = failpoints.AsError(v, syscall.EIO) })
	if err == nil && !l.options.NoSync {
		err = s.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("sync %s/%s: %w", l.handle, s.name, err)
	}
	return nil
}

// writeFailed tells a full disk from every other failed write, which poisons the log. After a full disk the log can go on:
// writeFailed cuts off what the write left past the durable end and syncs the cut, so that no reader of the file meets it.
func (l *Log) writeFailed(s *segment, b flushBatch, cause error) error {
	if !errors.Is(cause, syscall.ENOSPC) {
		return l.poison(cause)
	}
	//racewindow:atomic because whoever reads past the persisted position takes what is there: whole committed frames, or none
	if err := errors.Join(s.file.Truncate(s.at(b.from)), s.file.Sync()); err != nil {
		return l.poison(fmt.Errorf("%w; and cut it back: %w", cause, err))
	}
	s.allocated = 0
	return noSpace(cause)
}

func noSpace(cause error) error {
	return fmt.Errorf("%w: %w; free some space and flush again: nothing is lost while the process lives", ErrNoSpace, cause)
}

// writeIndex writes the index entries of the chunks that the batch made durable. On a full disk they wait for the next
// flush.
func (l *Log) writeIndex(ctx context.Context, b flushBatch) (chunkIndex, error) {
	index := b.view.index
	if len(b.boundaries) == 0 {
		return index, nil
	}
	failpoint.InjectCall("index/before-write", ctx)
	var err error
	entries := encodeBoundaries(b.boundaries)
	failpoint.InjectContext(ctx, "index/write-error", func(v failpoint.Value) {
		entries, err = entries[:failpoints.AsLength(v, len(entries))], syscall.EIO
	})
	if _, failed := index.file.WriteAt(entries, int64(index.count)*boundaryBytes); errors.Is(failed, syscall.ENOSPC) {
		return index, nil
	} else if failed != nil || err != nil {
		return index, fmt.Errorf("write %s/%s: %w", l.handle, indexName, errors.Join(failed, err))
	}
	return index.add(b.boundaries), nil
}

// cacheShare is how many bytes of flushed records this log may keep in memory.
//
//racewindow:atomic because a share that is out of date is corrected at the next flush
func (l *Log) cacheShare() int64 {
	if l.writer != nil || l.options.CacheBytes <= 0 {
		return 0
	}
	return l.options.CacheBytes / max(1, l.store.openLogs.Load())
}

// publish stores the view in which the files serve the batch. The lock is held.
//
//racewindow:yielded because flushOnce has passed flush/synced and touched nothing since but the lock
func (l *Log) publish(b flushBatch, segments []*segment, index chunkIndex) *view {
	now := l.lockedView() // newer than the batch's view if an append added an arena meanwhile
	v := &view{persisted: b.end, settled: b.settled, last: b.last, durable: b.complete, segments: segments, index: index}
	for i := range now.arenas {
		if i+1 == len(now.arenas) || now.arenas[i+1].start > b.end {
			v.arenas = now.arenas[i:]
			break
		}
	}
	v.keepCached(now.arenas, l.cacheShare())
	l.boundaries = l.boundaries[index.count-b.view.index.count:]
	l.view.Store(v)
	return v
}
