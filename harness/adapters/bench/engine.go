package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/racewindow/racewindow/storage"
)

// engine is the storage engine with its default hand-over.
type engine struct {
	store  *storage.Store
	log    *storage.Log
	record storage.Record
	batch  []storage.Record
	newest atomic.Uint64 // Tx of the newest record that append has reported
}

func engineOptions(m mode) storage.Options {
	options := storage.Options{Create: true, NoSync: m == never}
	if m != never {
		// A chunk that ends would start a flush too.
		options.FlushBytes, options.FlushInterval, options.ChunkBytes = 1<<40, -1, 1<<40
	}
	return options
}

func openEngine(ctx context.Context, folder string, w work, m mode) (subject, error) {
	store, err := storage.Open(ctx, folder, engineOptions(m))
	if err != nil {
		return nil, err
	}
	e, err := engineOf(ctx, store, "bench", w)
	if err != nil {
		return nil, errors.Join(err, store.Close(ctx))
	}
	return e, nil
}

// openEngines opens many logs of one store, which the returned function closes.
func openEngines(ctx context.Context, folder string, w work, logs int) ([]subject, func(context.Context) error, error) {
	store, err := storage.Open(ctx, folder, engineOptions(never))
	if err != nil {
		return nil, nil, err
	}
	var all []subject
	for i := range logs {
		e, err := engineOf(ctx, store, fmt.Sprintf("bench%d", i), w)
		if err != nil {
			return nil, nil, errors.Join(err, store.Close(ctx))
		}
		all = append(all, e)
	}
	return all, store.Close, nil
}

func engineOf(ctx context.Context, store *storage.Store, name string, w work) (*engine, error) {
	log, err := store.Log(ctx, name)
	if err != nil {
		return nil, err
	}
	e := &engine{store: store, log: log, record: storage.Record{Value: make([]byte, w.value)}}
	for range w.batch {
		e.batch = append(e.batch, e.record)
	}
	return e, nil
}

func (e *engine) append(ctx context.Context, records int) (err error) {
	var last storage.Offset
	for range records {
		if last, err = e.log.Append(ctx, e.record); err != nil {
			return err
		}
	}
	e.newest.Store(last.Tx)
	return nil
}

func (e *engine) appendBatch(ctx context.Context, records int) error {
	_, err := e.log.Append(ctx, e.batch[:records]...)
	return err
}

func (e *engine) flush(ctx context.Context) error { return e.log.Flush(ctx) }

func (e *engine) appendDurable(ctx context.Context) error {
	_, err := e.log.AppendDurable(ctx, e.record)
	return err
}

// newReader reads the newest record that was acknowledged, wherever it is.
func (e *engine) newReader() func(ctx context.Context, times int) error {
	return func(ctx context.Context, times int) error {
		for range times {
			if err := e.readOne(ctx, e.newest.Load()); err != nil {
				return err
			}
		}
		return nil
	}
}

func (e *engine) readOne(ctx context.Context, tx uint64) error {
	for r, err := range e.log.Read(ctx, storage.Offset{Tx: tx - 1}, storage.End) {
		if err == nil && (r.Offset.Tx != tx || len(r.Value) != len(e.record.Value)) {
			err = fmt.Errorf("engine: read %v, %d B, instead of transaction %d", r.Offset, len(r.Value), tx)
		}
		return err
	}
	return fmt.Errorf("engine: transaction %d is missing", tx)
}

func (e *engine) scan(ctx context.Context) (records int, err error) {
	for _, err := range e.log.Read(ctx, storage.Offset{}, storage.End) {
		if err != nil {
			return records, err
		}
		records++
	}
	return records, nil
}

func (e *engine) close(ctx context.Context) error { return e.store.Close(ctx) }
