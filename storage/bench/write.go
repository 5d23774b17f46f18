package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// with opens a subject, runs f on it and closes it.
func with(ctx context.Context, c contestant, folder string, w work, background bool, f func(subject) ([]float64, error)) ([]float64, error) {
	s, err := c.open(ctx, folder, w, background)
	if err != nil {
		return nil, err
	}
	values, err := f(s)
	return values, errors.Join(err, s.close(ctx))
}

// appendSingly also measures writing everything to the file, without a sync.
func appendSingly(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	begin := time.Now()
	_, err := with(ctx, c, folder, w, true, func(s subject) ([]float64, error) { return nil, s.append(ctx, w.records) })
	return []float64{float64(w.records) / 1e3 / time.Since(begin).Seconds()}, err
}

// appendInBatches is appendSingly with 64 KiB in each call.
func appendInBatches(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	begin := time.Now()
	_, err := with(ctx, c, folder, w, true, func(s subject) ([]float64, error) {
		for range w.records / w.batch {
			if err := s.appendBatch(ctx, w.batch); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return []float64{float64(w.records) / 1e3 / time.Since(begin).Seconds()}, err
}

func syncEachBatch(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
	return with(ctx, c, folder, w, false, func(s subject) ([]float64, error) {
		begin := time.Now()
		for range w.syncs {
			if err := errors.Join(s.append(ctx, w.batch), s.flush(ctx)); err != nil {
				return nil, err
			}
		}
		return []float64{megabytes(w.syncs*w.batch, w) / time.Since(begin).Seconds()}, nil
	})
}

// durably counts how many appends that many goroutines make durable in a given time.
func durably(goroutines int) func(context.Context, contestant, string, work) ([]float64, error) {
	return func(ctx context.Context, c contestant, folder string, w work) ([]float64, error) {
		return with(ctx, c, folder, w, false, func(s subject) ([]float64, error) {
			var done atomic.Int64
			begin := time.Now()
			err := together(goroutines, func() error {
				for time.Since(begin) < time.Duration(w.millis)*time.Millisecond {
					if err := s.appendDurable(ctx); err != nil {
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
