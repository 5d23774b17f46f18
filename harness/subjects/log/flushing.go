package log

import (
	"context"
	"fmt"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// Flushes must come by themselves, and the tail must keep its limit. When the program is over only the store's task is left,
// and the clock moves once the task has nothing more to do. A flush that has not come by then never comes, so no real time is
// measured.

var idle = failpoints.WaitPoint(casesPackage, "case/idle")

// engineFlushBytes is the engine's default for Options.Flush.
const engineFlushBytes = 64 << 10

// frameRoom is what a record takes in the log.
func frameRoom(value int) int64 { return int64(frameBytes+value+7) &^ 7 }

// unflushed returns a lower bound of the engine's unflushed bytes. It counts the transactions between first and last, both
// exclusive, that are known to have been appended in one piece, because a flush may have taken part of the others.
func (r *run) unflushed(first, last uint64) (n int64) {
	for tx := first + 1; tx < last; tx++ {
		id, known := r.identity(tx)
		if !known || int(id.Client) >= len(r.c.Threads) || id.Sequence == 0 {
			continue
		}
		o := r.lengths[0][id.Client][id.Sequence-1]
		for i := 0; !o.Kind.inParts() && i < o.Records(); i++ {
			n += frameRoom(o.ValueBytes(i))
		}
	}
	return n
}

// tailIsBounded judges an append that has returned: the bytes unflushed before it must be below the limit.
func (t *thread) tailIsBounded(o Operation, at harness.Offset) *check.Violation {
	limit := t.run.c.Options.Tail
	e, ok := t.run.engine.(harness.Watermarked)
	if limit == 0 || !ok {
		return nil
	}
	if n := t.run.unflushed(e.Durable().Tx, at.Tx); n >= limit {
		return &check.Violation{Promise: check.TailLimit, At: at, Detail: fmt.Sprintf("%v by %s was appended though %d bytes before it were unflushed, and the limit is %d", o, t.control.name, n, limit)}
	}
	return nil
}

// flushesCome judges, when the program is over, what the store's task has flushed and will flush. It lets time pass for that.
func (r *run) flushesCome(ctx context.Context) *check.Violation {
	e, ok := r.engine.(harness.Watermarked)
	if !ok || !r.isOpen() || r.poisoned.Load() != 0 {
		return nil
	}
	acknowledged, limit := r.board.Acknowledged(), r.c.Options.Flush
	if limit == 0 {
		limit = engineFlushBytes
	}
	if !r.c.faulty() && r.unflushed(e.Durable().Tx, acknowledged+1) >= limit {
		r.pass(ctx, time.Nanosecond)
		if n := r.unflushed(e.Durable().Tx, acknowledged+1); n >= limit {
			return &check.Violation{Promise: check.FlushBySize, Detail: fmt.Sprintf("%d bytes are unflushed, %d start a flush, and nobody is left to do it", n, limit)}
		}
	}
	if r.c.Options.Interval == 0 {
		return nil
	}
	if e.Durable().Tx < acknowledged {
		if v := r.flushesComeByTime(ctx, e, acknowledged); v != nil || r.c.faulty() {
			return v
		}
	}
	if r.c.faulty() {
		return nil // the probe appends once the disk works again
	}
	return r.flushesComeAgain(ctx, e)
}

// flushesComeByTime waits as long as a record may stay unflushed. The second log has its own deadline: the task that flushes
// that one must not be late for this one.
func (r *run) flushesComeByTime(ctx context.Context, e harness.Watermarked, acknowledged uint64) *check.Violation {
	interval := r.c.Options.Interval
	due := interval // for records that were appended during a fault and must be flushed again
	if !r.c.faulty() {
		due = time.Duration(int64(r.lastAt.Load())-failpoints.Now(ctx).UnixNano()) + interval
	}
	r.pass(ctx, max(due, 0)+time.Nanosecond)
	durable := e.Durable().Tx
	if durable >= acknowledged || r.c.faulty() && r.engine.Flush(ctx) != nil {
		return nil // a flush of the store's task has met a fault that poisons, and no operation was told
	}
	return &check.Violation{Promise: check.FlushByTime, Detail: fmt.Sprintf("transactions %d to %d are unflushed %v after the last of them", durable+1, acknowledged, interval)}
}

// flushesComeAgain appends one more record, and waits as long as it may stay unflushed. If the program has used the second log, a
// record of that one, which may wait longer, must not delay the flush.
func (r *run) flushesComeAgain(ctx context.Context, e harness.Watermarked) *check.Violation {
	interval := r.c.Options.Interval
	at, err := r.appendProbe(ctx)
	if err == nil && r.others.acked.Load() > 0 {
		r.pass(ctx, interval/2)
		err = r.appendOther(ctx)
		r.pass(ctx, interval-interval/2+time.Nanosecond)
	} else if err == nil {
		r.pass(ctx, interval+time.Nanosecond)
	}
	if err != nil {
		return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("an append after the program failed: %v", err)}
	}
	if durable := e.Durable().Tx; durable < at.Tx {
		return &check.Violation{Promise: check.FlushByTime, At: at, Detail: fmt.Sprintf("transaction %d, appended after the program, is unflushed %v later, and the log is durable up to transaction %d", at.Tx, interval, durable)}
	}
	return nil
}

// pass sleeps on the clock of the case. That clock moves only when no other thread can go on.
func (r *run) pass(ctx context.Context, d time.Duration) { _ = failpoints.Sleep(ctx, idle, d) }
