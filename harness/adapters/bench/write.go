package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// with opens a subject, runs f on it and closes it.
func with(ctx context.Context, c contestant, folder string, w work, m mode, f func(subject) ([]float64, error)) ([]float64, error) {
	s, err := c.open(ctx, folder, w, m)
	if err != nil {
		return nil, err
	}
	values, err := f(s)
	return values, errors.Join(err, s.close(ctx))
}

// appendSingly appends without a sync, and includes writing everything to the file.
func appendSingly(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	return appending(ctx, c, folder, w, subject.append)
}

// appendInBatches is appendSingly with 64 KiB in each call.
func appendInBatches(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	return appending(ctx, c, folder, w, subject.appendBatch)
}

func appending(ctx context.Context, c contestant, folder string, w work, how func(subject, context.Context, int) error) ([]float64, error) {
	s, err := c.open(ctx, folder, w, never)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	records, err := within(ctx, w, begin, func() error { return how(s, ctx, w.batch) })
	err = errors.Join(err, s.close(ctx))
	return []float64{float64(records) / 1e3 / time.Since(begin).Seconds()}, err
}

// within calls f, which appends 64 KiB, until the work's time or its bytes are used up, and returns how many records that were.
func within(ctx context.Context, w work, begin time.Time, f func() error) (records int, err error) {
	for records < w.records() && time.Since(begin) < time.Duration(w.millis)*time.Millisecond {
		if err := errors.Join(ctx.Err(), f()); err != nil {
			return records, err
		}
		records += w.batch
	}
	return records, nil
}

func syncEachBatch(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	return with(ctx, c, folder, w, onFlush, func(s subject) ([]float64, error) {
		begin := time.Now()
		records, err := within(ctx, w, begin, func() error { return errors.Join(s.append(ctx, w.batch), s.flush(ctx)) })
		return []float64{megabytes(records, w) / time.Since(begin).Seconds()}, err
	})
}

// durably counts how many appends that many goroutines make durable in a given time.
func durably(goroutines int) func(context.Context, contestant, string, work) ([]float64, error) {
	return func(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
		return with(ctx, c, folder, w, onReturn, func(s subject) ([]float64, error) {
			var done atomic.Int64
			begin := time.Now()
			err := together(goroutines, func() error {
				for time.Since(begin) < time.Duration(w.millis)*time.Millisecond && int(done.Load()) < w.records() {
					if err := errors.Join(ctx.Err(), s.appendDurable(ctx)); err != nil {
						return err
					}
					done.Add(1)
				}
				return nil
			})
			return []float64{float64(done.Load()) / time.Since(begin).Seconds()}, err
		})
	}
}

// together runs f in that many goroutines and waits for them.
func together(goroutines int, f func() error) error {
	errs := make([]error, goroutines)
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() { errs[i] = f() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// megabytes of values in that many records.
func megabytes(records int, w work) float64 { return float64(records) * float64(w.value) / 1e6 }
