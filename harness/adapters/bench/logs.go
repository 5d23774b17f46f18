package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

func logRows(logs int) []row {
	return []row{
		{name: fmt.Sprintf("append in turn, %d logs", logs), unit: "k/s", faster: higher},
		{name: "  memory of an idle log", unit: "KiB"},
	}
}

// manyLogs opens that many logs, measures how much of the heap they take, and appends to them in turn without a sync.
func manyLogs(logs int) func(context.Context, contestant, string, work) ([]float64, error) {
	return func(ctx context.Context, c contestant, folder string, w work) (values []float64, err error) {
		before := heap()
		all, closeAll, err := openMany(ctx, c, folder, w, logs)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, closeAll(ctx)) }()
		idle := float64(heap()-before) / 1024 / float64(logs)
		begin := time.Now()
		one := work{value: w.value, batch: 1, bytes: w.bytes, millis: w.millis}
		turn := 0
		records, err := within(ctx, one, begin, func() error {
			turn++
			return all[turn%logs].append(ctx, 1)
		})
		return []float64{float64(records) / 1e3 / time.Since(begin).Seconds(), idle}, err
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func openMany(ctx context.Context, c contestant, folder string, w work, logs int) ([]subject, func(context.Context) error, error) {
	if c.many != nil {
		return c.many(ctx, folder, w, logs)
	}
	var all []subject
	closeAll := func(ctx context.Context) (err error) {
		for _, s := range all {
			err = errors.Join(err, s.close(ctx))
		}
		return err
	}
	for i := range logs {
		own := filepath.Join(folder, fmt.Sprint(i))
		if err := os.Mkdir(own, 0o777); err != nil {
			return nil, nil, errors.Join(err, closeAll(ctx))
		}
		s, err := c.open(ctx, own, w, never)
		if err != nil {
			return nil, nil, errors.Join(err, closeAll(ctx))
		}
		all = append(all, s)
	}
	return all, closeAll, nil
}
