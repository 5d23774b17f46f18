package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// stall is the longest time without a finished read that still counts as reading. Past it the reader counts as held up, by
// the engine or by the Go scheduler.
const stall = 100 * time.Microsecond

func tailRows(readers string) []row {
	return []row{
		{name: "tail read while a writer syncs, " + readers, unit: "ns", faster: lower, aim: 30, absolute: true},
		{name: "  of its time stalled over 100 us", unit: "%"},
	}
}

// readTail makes readers read the newest record over and over while a writer appends and syncs 64 KiB at a time. The first
// value is the time of a read without the stalls; the second is the share of the time that was stalled.
func readTail(readers int) func(context.Context, contestant, string, work) ([]float64, error) {
	return func(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
		return with(ctx, c, folder, w, false, func(s subject) ([]float64, error) {
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
	for !stop.Load() {
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
	const times = 32 // reads between two readings of the clock
	begin := time.Now()
	for at := time.Duration(0); at < time.Duration(w.millis)*time.Millisecond; {
		if err := read(ctx, times); err != nil {
			return err
		}
		now := time.Since(begin)
		if now-at > stall {
			t.stalled.Add(int64(now - at))
		} else {
			t.busy.Add(int64(now - at))
			t.reads.Add(times)
		}
		at = now
	}
	return nil
}

func (t *tally) values() []float64 {
	busy, stalled := float64(t.busy.Load()), float64(t.stalled.Load())
	return []float64{busy / float64(max(1, t.reads.Load())), 100 * stalled / max(1, busy+stalled)}
}

// scanAll reads a flushed log, of which only the kernel's page cache holds anything in memory.
func scanAll(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	return with(ctx, c, folder, w, true, func(s subject) ([]float64, error) {
		if err := errors.Join(s.append(ctx, w.records), s.flush(ctx)); err != nil {
			return nil, err
		}
		begin := time.Now()
		records, err := s.scan(ctx)
		if err == nil && records != w.records {
			err = fmt.Errorf("scanned %d of %d records", records, w.records)
		}
		return []float64{megabytes(records, w) / time.Since(begin).Seconds()}, err
	})
}

// reopen measures opening a log that was synced in 20 parts and closed properly.
func reopen(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	_, err := with(ctx, c, folder, w, false, func(s subject) ([]float64, error) {
		const syncs = 20
		for range syncs {
			if err := errors.Join(s.append(ctx, w.reopened/syncs), s.flush(ctx)); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	s, err := c.open(ctx, folder, w, false)
	if err != nil {
		return nil, err
	}
	millis := float64(time.Since(begin).Microseconds()) / 1e3
	return []float64{millis * (100 << 20) / float64(w.reopened*w.value)}, s.close(ctx)
}
