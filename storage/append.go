package storage

import (
	"context"
	"fmt"
	"math"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// Append makes one transaction of the records, gives it the next Tx and returns the offset of its last record. After
// Append has returned, every read sees the whole transaction. It is durable after a flush. Append ignores the offsets in
// records.
//
// An error means that nothing was appended: ErrEmpty, ErrTooLarge, ErrClosed, ErrPoisoned, the context's error, or
// ErrNoSpace if both the tail and the disk are full.
func (l *Log) Append(ctx context.Context, records ...Record) (Offset, error) {
	last, _, err := l.append(ctx, records, false)
	return last, err
}

// AppendDurable appends as Append does, and returns only when the transaction is durable. Goroutines that wait at the
// same time share one sync. If the flush fails after the append, the transaction is visible and may or may not survive a
// crash.
func (l *Log) AppendDurable(ctx context.Context, records ...Record) (Offset, error) {
	last, end, err := l.append(ctx, records, false)
	if err != nil {
		return last, err
	}
	return last, l.flushTo(ctx, end)
}

// AppendAt makes one transaction of records whose Offset the caller has set: all with the same Tx, at least 1 and below
// that of End, and with increasing Ops. If they do not lie past everything in the log, AppendAt changes nothing and fails
// with ErrNotIncreasing.
func (l *Log) AppendAt(ctx context.Context, records ...Record) error {
	_, _, err := l.append(ctx, records, true)
	return err
}

func (l *Log) append(ctx context.Context, records []Record, at bool) (last Offset, end uint64, err error) {
	if err := l.checkRecords(records, at); err != nil {
		return Offset{}, 0, err
	}
	if err := l.mayWait(ctx); err != nil {
		return Offset{}, 0, err
	}
	if err := l.lockForWriting(ctx); err != nil {
		return Offset{}, 0, err
	}
	defer l.mu.Unlock()
	if at && records[0].Offset.Tx <= l.last.Tx {
		return Offset{}, 0, fmt.Errorf("append at %v to log %s: %w: the log ends at %v; use a later Tx", records[0].Offset, l.handle, ErrNotIncreasing, l.last)
	}
	from, tx := l.end, l.last.Tx+1
	if !at && tx >= End.Tx {
		return Offset{}, 0, l.usedUp()
	}
	failpoint.InjectCall("append/before-buffer", ctx)
	for i := range records {
		r := records[i]
		if !at {
			r.Offset = Offset{Tx: tx, Op: uint64(i)}
		}
		l.put(&r, i == len(records)-1)
	}
	l.commit(ctx, from)
	return l.last, l.end, nil
}

// usedUp is the error when no Tx is left past the log's last one. The lock is held.
func (l *Log) usedUp() error {
	return fmt.Errorf("append to log %s: %w: the log ends at %v and no Tx is left; start another log", l.handle, ErrNotIncreasing, l.last)
}

// lockForWriting locks the log when no transaction is open and appends are possible.
//
// The end of a transaction wakes one writer. A writer that was woken and got its turn wakes the next one, because its
// own append wakes nobody: without that the others would sleep until another transaction ends, perhaps for ever.
//
// It also makes room: while the tail is over its limit, it releases the lock and waits for a flush.
func (l *Log) lockForWriting(ctx context.Context) error {
	failpoints.Lock(ctx, writeLock, &l.mu)
	err := l.writable()
	for waited := false; err == nil; {
		switch {
		case l.open != nil:
			err = l.idle.Wait(ctx, writerTurn)
			waited = true
		case l.full():
			end := l.end
			l.mu.Unlock()
			failed := l.makeRoom(ctx, end)
			failpoints.Lock(ctx, writeLock, &l.mu)
			err = failed
		default:
			if waited {
				l.idle.Signal()
			}
			return nil
		}
		if err == nil {
			err = l.writable()
		}
	}
	l.idle.Signal()
	l.mu.Unlock()
	return fmt.Errorf("append to log %s: %w", l.handle, err)
}

// full says whether the tail is over its limit. The lock is held.
func (l *Log) full() bool {
	return l.end-l.lockedView().persisted >= uint64(l.options.TailBytes)
}

// mayWait refuses a call whose context has ended before it takes or waits for anything.
func (l *Log) mayWait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("append to log %s: %w", l.handle, err)
	}
	failpoint.InjectCall("append/before-room", ctx)
	return nil
}

// makeRoom flushes when a tail that ends at end is over its limit.
func (l *Log) makeRoom(ctx context.Context, end uint64) error {
	//racewindow:atomic because flushTo checks again after its own point, so a stale view only costs that extra check
	if v := l.view.Load(); end < v.persisted || end-v.persisted < uint64(l.options.TailBytes) {
		return nil
	}
	failpoint.InjectCall("append/buffer-full", ctx)
	return l.flushTo(ctx, end)
}

// put encodes one frame after the last one. The lock is held.
func (l *Log) put(r *Record, last bool) {
	bytes := frameBytes(len(r.Key), len(r.Value))
	if l.arena == nil || int(l.end-l.arena.start)+bytes > len(l.arena.data) {
		l.newArena(bytes)
	}
	if !l.chunks || l.end-l.chunkStart >= uint64(l.options.ChunkBytes) {
		l.boundaries = append(l.boundaries, boundary{r.Offset, l.end})
		l.chunkClosed = l.chunks
		l.chunks, l.chunkStart = true, l.end
	}
	at := int(l.end - l.arena.start)
	encodeFrame(l.arena.data[at:at+bytes], r, last, l.sinceDurable(), l.end)
	l.arena.place(at, at+bytes)
	l.last, l.lastStart = r.Offset, l.end
	l.end += uint64(bytes)
}

// sinceDurable is how many bytes at the end of the log a crash may take: those past the last complete durable transaction.
// Fragments of an open transaction never count as durable, though they may be synced: recovery and Abort cut them, and if
// a crash interrupts such a cut, frames past them must not prove that they were durable. A log that does not sync never
// knows what is durable, so it answers math.MaxUint64.
func (l *Log) sinceDurable() uint64 {
	if l.options.NoSync {
		return math.MaxUint64
	}
	return l.end - l.lockedView().settled
}

// newArena publishes a view in which the tail goes on in another arena, before anything in that arena is committed.
func (l *Log) newArena(bytes int) {
	few := l.store.openLogs.Load() <= slabLogs //racewindow:atomic because it says only where the memory comes from
	l.arena = newArena(l.end, l.slab.take(max(bytes, l.options.ArenaBytes), few))
	v := *l.lockedView()
	v.arenas = append(append(make([]*arena, 0, len(v.arenas)+1), v.arenas...), l.arena)
	l.arena.previous = l.last
	l.view.Store(&v) //racewindow:atomic because readers cannot tell the two views apart while nothing in the new arena is committed
}

// commit makes the frames from position from on visible. The lock is held.
func (l *Log) commit(ctx context.Context, from uint64) {
	failpoint.InjectCall("append/buffered", ctx)
	if l.writer != nil {
		l.writer.committed(ctx, l.frames(from, l.end), l.last)
		failpoint.InjectCall("append/seen", ctx)
	}
	l.committed.Store(l.end)
	l.complete = l.last
	failpoint.InjectCall("append/published", ctx)
	l.askForFlush(ctx)
}

// frames lists the frames in the tail from position from, which starts a frame, to position to, which ends one.
func (l *Log) frames(from, to uint64) (frames [][]byte) {
	v := l.lockedView()
	v.tail(max(from, v.persisted), to, func(b []byte) bool {
		for len(b) > 0 {
			room := frameRoom(b)
			frames = append(frames, b[:room:room])
			b = b[room:]
		}
		return true
	})
	return frames
}

// askForFlush asks the store's flusher to flush this log: at once if there is enough to flush, and in any case when the
// interval has passed. The lock is held.
func (l *Log) askForFlush(ctx context.Context) {
	if !l.urgent && (l.end-l.lockedView().persisted >= uint64(l.options.FlushBytes) || l.chunkClosed) {
		l.urgent = true
		l.store.flushSoon(ctx, l)
	}
	l.askForFlushLater(ctx)
}

// askForFlushLater asks the flusher for a flush when the interval has passed, unless such a request waits already. The
// lock is held.
func (l *Log) askForFlushLater(ctx context.Context) {
	if !l.queued && l.options.FlushInterval > 0 {
		l.queued = true
		l.store.flushLater(ctx, l)
	}
}

// checkRecords checks the caller's records before anything is locked.
func (l *Log) checkRecords(records []Record, at bool) error {
	if len(records) == 0 {
		return fmt.Errorf("append to log %s: %w: a transaction has at least one record", l.handle, ErrEmpty)
	}
	for i := range records {
		r := &records[i]
		if len(r.Key) > MaxKeyBytes || len(r.Value) > l.options.MaxValueBytes {
			return fmt.Errorf("append to log %s: record %d: %w: key %d of %d bytes, value %d of %d: split it, or raise MaxValueBytes",
				l.handle, i, ErrTooLarge, len(r.Key), MaxKeyBytes, len(r.Value), l.options.MaxValueBytes)
		}
		if !at {
			continue
		}
		if r.Offset.Tx == 0 || r.Offset.Tx == End.Tx || r.Offset.Tx != records[0].Offset.Tx || i > 0 && r.Offset.Op <= records[i-1].Offset.Op {
			return fmt.Errorf("append to log %s: record %d at %d.%d: %w: one transaction has one Tx, at least 1 and below End's, and increasing Ops",
				l.handle, i, r.Offset.Tx, r.Offset.Op, ErrNotIncreasing)
		}
	}
	return nil
}
