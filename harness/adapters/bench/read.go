package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"
)

// stall is the longest time without a finished group of reads that still counts as reading. Past it the reader counts as held up,
// by the engine or by the Go scheduler.
const stall = 100 * time.Microsecond

func tailRows(readers int) []row {
	who, aim := fmt.Sprintf("%d readers", readers), 0.0
	if readers == 1 {
		who, aim = "1 reader", 30
	}
	return []row{
		{name: "tail read, " + who, unit: "ns", faster: lower, aim: aim, absolute: true},
		{name: "  over 100 us, " + who, unit: "%"}, // the share of its time in which a reader was held up
	}
}

// readTail makes readers read the newest record over and over while a writer appends and syncs 64 KiB at a time. The first
// value is the time of a read without the stalls; the second is the share of the time that was stalled.
func readTail(readers int) func(context.Context, contestant, string, work) ([]float64, error) {
	return func(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
		return with(ctx, c, folder, w, onFlush, func(s subject) ([]float64, error) {
			if err := errors.Join(s.append(ctx, w.batch), s.flush(ctx)); err != nil {
				return nil, err
			}
			var stop atomic.Bool
			written := make(chan error)
			go func() { written <- writeUntil(ctx, s, w, &stop) }()
			t := tally{}
			err := together(readers, func() error { return t.read(ctx, s.newReader(), w) })
			stop.Store(true)
			return t.values(), errors.Join(err, <-written)
		})
	}
}

// writeUntil appends in small groups, so that most of the time the newest record is in the tail.
func writeUntil(ctx context.Context, s subject, w work, stop *atomic.Bool) error {
	const group = 8
	for records := 0; !stop.Load() && records < w.records(); records += w.batch {
		for range max(1, w.batch/group) {
			if err := s.append(ctx, group); err != nil {
				return err
			}
		}
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A tally sums up what readers did.
type tally struct{ reads, busy, stalled atomic.Int64 }

func (t *tally) read(ctx context.Context, read func(context.Context, int) error, w work) error {
	times, err := between(ctx, read)
	if err != nil {
		return err
	}
	begin := time.Now()
	for at := time.Duration(0); at < time.Duration(w.millis)*time.Millisecond; {
		if err := errors.Join(ctx.Err(), read(ctx, times)); err != nil {
			return err
		}
		now := time.Since(begin)
		if now-at > stall {
			t.stalled.Add(int64(now - at))
		} else {
			t.busy.Add(int64(now - at))
			t.reads.Add(int64(times))
		}
		at = now
	}
	return nil
}

// between returns how many reads come between two readings of the clock: 32, or 4 if 32 take long without being held up.
func between(ctx context.Context, read func(context.Context, int) error) (times int, err error) {
	const many, few, tries = 32, 4, 5
	for range tries {
		begin := time.Now()
		if err := read(ctx, many); err != nil {
			return 0, err
		}
		if time.Since(begin) < stall/2 {
			return many, nil
		}
	}
	return few, nil
}

// values are the time of a read and the share of the time that was stalled. If every group of reads took longer than a stall,
// there is no time of a read.
func (t *tally) values() []float64 {
	busy, stalled := float64(t.busy.Load()), float64(t.stalled.Load())
	if t.reads.Load() == 0 {
		return []float64{0, 100}
	}
	return []float64{busy / float64(t.reads.Load()), 100 * stalled / max(1, busy+stalled)}
}

// fill appends all that a subject gets, in calls of 64 KiB, and makes it durable in 20 steps.
func fill(ctx context.Context, s subject, w work) (records int, err error) {
	const steps = 20
	for flushed := 0; records < w.records(); {
		if err := errors.Join(ctx.Err(), s.appendBatch(ctx, w.batch)); err != nil {
			return records, err
		}
		if records += w.batch; records-flushed >= w.records()/steps {
			flushed = records
			if err := s.flush(ctx); err != nil {
				return records, err
			}
		}
	}
	return records, s.flush(ctx)
}

// scanAll reads a flushed log, of which the kernel's page cache has all.
func scanAll(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	return with(ctx, c, folder, w, onFlush, func(s subject) ([]float64, error) {
		if _, offered := s.scan(ctx); offered != nil {
			return nil, offered
		}
		written, err := fill(ctx, s, w)
		if err != nil {
			return nil, err
		}
		begin := time.Now()
		records, err := s.scan(ctx)
		if err == nil && records != written {
			err = fmt.Errorf("scanned %d of %d records", records, written)
		}
		return []float64{megabytes(records, w) / time.Since(begin).Seconds()}, err
	})
}

// reopenAfterClose measures opening a log that was closed.
func reopenAfterClose(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	_, err := with(ctx, c, folder, w, onFlush, func(s subject) ([]float64, error) {
		_, err := fill(ctx, s, w)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	return reopen(ctx, c, folder, w)
}

// reopenAfterCrash measures opening a copy that was made of the folder when all was flushed and nothing closed.
func reopenAfterCrash(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	return with(ctx, c, folder, w, onFlush, func(s subject) ([]float64, error) {
		if _, err := fill(ctx, s, w); err != nil {
			return nil, err
		}
		return inFolder(filepath.Dir(folder), func(left string) ([]float64, error) {
			if err := copyFolder(left, folder); err != nil {
				return nil, err
			}
			return reopen(ctx, c, left, w)
		})
	})
}

func reopen(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	begin := time.Now()
	s, err := c.open(ctx, folder, w, onFlush)
	if err != nil {
		return nil, err
	}
	return []float64{float64(time.Since(begin).Microseconds()) / 1e3}, s.close(ctx)
}
