package storage

import (
	"context"
	"fmt"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// A Transaction is built from fragments. While it is open, all other writers of its log wait. Readers do not wait, and see
// nothing of it until Commit. Only one goroutine at a time may call its methods.
//
// Fragments need not fit in memory: flushes may write them while the transaction is open.
type Transaction struct {
	log   *Log
	tx    uint64
	count uint64
	// held is the newest record. Add encodes it when another record follows; Commit encodes it as the last of its transaction.
	held  *Record
	start transactionStart
}

// transactionStart is the writers' state that Abort restores.
type transactionStart struct {
	end        uint64
	last       Offset
	lastStart  uint64
	chunkStart uint64
	chunks     bool
}

// Begin opens a transaction with the next Tx. If one is open, it waits until that one ends.
func (l *Log) Begin(ctx context.Context) (*Transaction, error) {
	if err := l.mayWait(ctx); err != nil {
		return nil, err
	}
	if err := l.lockForWriting(ctx); err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if l.last.Tx+1 >= End.Tx {
		return nil, l.usedUp()
	}
	l.open = &Transaction{log: l, tx: l.last.Tx + 1, start: transactionStart{l.end, l.last, l.lastStart, l.chunkStart, l.chunks}}
	failpoint.InjectCall("transaction/begun", ctx)
	return l.open, nil
}

// Tx is the transaction's number; its records are Tx.0, Tx.1 and so on in the order of Add.
func (t *Transaction) Tx() uint64 { return t.tx }

// Add copies records into the transaction. After an error the transaction is as it was before the call, and may go on.
func (t *Transaction) Add(ctx context.Context, records ...Record) error {
	if err := t.log.checkRecords(records, false); err != nil {
		return err
	}
	if err := t.waitForRoom(ctx); err != nil {
		return err
	}
	if err := t.lock(ctx); err != nil {
		return err
	}
	defer t.log.mu.Unlock()
	for i := range records {
		if t.held != nil {
			t.log.put(t.held, false)
		}
		r := records[i].Clone()
		r.Offset = Offset{Tx: t.tx, Op: t.count}
		t.held = &r
		t.count++
	}
	failpoint.InjectCall("transaction/added", ctx)
	t.log.askForFlush(ctx)
	return nil
}

// waitForRoom waits for a flush while the tail, including uncommitted fragments, is over its limit.
func (t *Transaction) waitForRoom(ctx context.Context) error {
	if err := t.lock(ctx); err != nil {
		return err
	}
	end := t.log.end
	t.log.mu.Unlock()
	return t.log.makeRoom(ctx, end)
}

// Commit makes the transaction visible and returns the offset of its last record. A transaction without records is
// refused with ErrEmpty and stays open.
func (t *Transaction) Commit(ctx context.Context) (Offset, error) {
	if err := t.lock(ctx); err != nil {
		return Offset{}, err
	}
	l := t.log
	defer l.mu.Unlock()
	if t.held == nil {
		return Offset{}, fmt.Errorf("commit transaction %d of log %s: %w: add a record, or abort", t.tx, l.handle, ErrEmpty)
	}
	l.put(t.held, true)
	l.commit(ctx, t.start.end)
	t.end()
	return l.last, nil
}

// Abort takes the transaction back: no read and no recovery sees any of it, and the next transaction gets its Tx. Abort
// works even if ctx has ended, because all other writers wait for it.
func (t *Transaction) Abort(ctx context.Context) error {
	ctx = failpoints.Detach(ctx)
	l := t.log
	if err := l.lead(ctx); err != nil {
		return err
	}
	err := t.abort(ctx)
	_ = l.step(ctx, nil) // goroutines that wait for a flush do not get the error of an abort
	return err
}

func (t *Transaction) abort(ctx context.Context) error {
	if err := t.lock(ctx); err != nil {
		return err
	}
	l := t.log
	defer l.mu.Unlock()
	failpoint.InjectCall("transaction/before-abort", ctx)
	v := *l.lockedView()
	if v.persisted > t.start.end {
		if err := t.takeBack(&v); err != nil {
			l.idle.Broadcast()
			return l.poison(err)
		}
	}
	if v.cached > v.persisted {
		v.cached, v.cachedAfter = v.persisted, v.last
	}
	for len(v.arenas) > 0 && v.arenas[len(v.arenas)-1].start >= t.start.end {
		v.arenas = v.arenas[: len(v.arenas)-1 : len(v.arenas)-1]
	}
	for len(l.boundaries) > 0 && l.boundaries[len(l.boundaries)-1].position >= t.start.end {
		l.boundaries = l.boundaries[:len(l.boundaries)-1]
	}
	l.arena = nil // the next frame starts another arena: readers of older views may be reading this one
	l.end, l.last, l.lastStart, l.chunkStart, l.chunks = t.start.end, t.start.last, t.start.lastStart, t.start.chunkStart, t.start.chunks
	l.view.Store(&v)
	if l.writer != nil {
		l.writer.published(ctx, &v)
	}
	t.end()
	return nil
}

// takeBack cuts from the file what flushes have written of the transaction. It syncs the cut, so that nothing of it can
// reappear after what is written there next.
//
//racewindow:atomic because the bytes that it cuts were never committed, so no read reaches them, and no flush runs beside an abort
func (t *Transaction) takeBack(v *view) error {
	l, s := t.log, v.segments[len(v.segments)-1]
	s.allocated = 0
	if err := s.file.Truncate(s.at(t.start.end)); err != nil {
		return fmt.Errorf("abort transaction %d: cut %s/%s: %w", t.tx, l.handle, s.name, err)
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("abort transaction %d: sync %s/%s: %w", t.tx, l.handle, s.name, err)
	}
	v.persisted, v.last, v.index = t.start.end, t.start.last, v.index.before(t.start.end)
	return nil
}

// lock locks the log for a call of the transaction, if it is still open.
func (t *Transaction) lock(ctx context.Context) error {
	l := t.log
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("transaction %d of log %s: %w", t.tx, l.handle, err)
	}
	failpoints.Lock(ctx, writeLock, &l.mu)
	err := l.writable()
	if err == nil && l.open != t {
		err = fmt.Errorf("transaction %d of log %s: %w: begin another", t.tx, l.handle, ErrNoTransaction)
	}
	if err != nil {
		l.mu.Unlock()
	}
	return err
}

// end wakes one waiting writer, which wakes the next one (lockForWriting). The lock is held.
func (t *Transaction) end() {
	t.log.open = nil
	t.log.idle.Signal()
}
