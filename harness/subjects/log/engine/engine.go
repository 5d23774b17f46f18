package engine

import (
	"context"
	"iter"

	"github.com/racewindow/racewindow/storage"
)

// The words of the engine in this module serve for every engine.
type (
	// Offset is a place in a log: transaction, then operation.
	Offset = storage.Offset
	// Record is what a log holds.
	Record = storage.Record
)

// An Engine is a system under test: an append-only log of transactions. All methods are called by many goroutines.
//
// The checker is exact because of two things that an engine must give. Transactions are numbered without gaps, from 1,
// in the order in which they become visible; so an acknowledgement of one is an acknowledgement of all before it. And a
// transaction's records come in the order in which they were given. (So the number of an aborted
// transaction is given again.)
type Engine interface {
	// Append makes one transaction of the records and returns the offset of its last one. When it returns without an
	// error, every read that begins later yields the records. After an error they may or may not be there.
	Append(ctx context.Context, records []Record) (Offset, error)
	// Flush makes everything durable that was acknowledged before it was called.
	Flush(ctx context.Context) error
	// Read yields the records behind after, up to upTo or the last complete transaction. A record's bytes hold until the
	// next step.
	Read(ctx context.Context, after, upTo Offset) iter.Seq2[Record, error]
	// Close ends the engine. A Factory that is called again afterwards finds what was acknowledged.
	Close(ctx context.Context) error
}

// A FragmentAppender is an Engine that also builds transactions piece by piece, and can take them back.
type FragmentAppender interface {
	// AppendFragments adds the fragments one after the other and then commits, or aborts. The offset is that of the last
	// record, and means nothing after an abort.
	AppendFragments(ctx context.Context, fragments [][]Record, commit bool) (Offset, error)
}

// A Watermarked Engine says what a crash cannot take any more, and what can be read.
type Watermarked interface {
	// Durable is the last record of the last transaction that is durable, zero for none. It waits for nobody.
	Durable() Offset
	// Visible is the last record that a read may return, zero for none.
	Visible(ctx context.Context) Offset
}

// A Factory opens an engine. Each call after a Close opens the same data again. The context carries the controller for
// tasks that the engine starts.
type Factory func(ctx context.Context) (Engine, error)

// StorageFactory opens the log of this module with one name on the disk in options, which must be set, or in folder.
func StorageFactory(folder string, options storage.Options, name string) Factory {
	return func(ctx context.Context) (Engine, error) {
		store, err := storage.Open(ctx, folder, options)
		if err != nil {
			return nil, err
		}
		log, err := store.Log(ctx, name)
		if err != nil {
			_ = store.Close(ctx) // the first error is the one to tell
			return nil, err
		}
		return &storageEngine{store, log}, nil
	}
}

type storageEngine struct {
	store *storage.Store
	log   *storage.Log
}

func (e *storageEngine) Append(ctx context.Context, records []Record) (Offset, error) {
	return e.log.Append(ctx, records...)
}

func (e *storageEngine) Flush(ctx context.Context) error { return e.log.Flush(ctx) }

func (e *storageEngine) Read(ctx context.Context, after, upTo Offset) iter.Seq2[Record, error] {
	return e.log.Read(ctx, after, upTo)
}

func (e *storageEngine) Durable() Offset { return e.log.Durable() }

func (e *storageEngine) Visible(ctx context.Context) Offset { return e.log.Visible(ctx) }

func (e *storageEngine) Close(ctx context.Context) error { return e.store.Close(ctx) }

func (e *storageEngine) AppendFragments(ctx context.Context, fragments [][]Record, commit bool) (Offset, error) {
	return AppendFragments(ctx, e.log, fragments, commit)
}

// AppendFragments is FragmentAppender for a log of this module.
func AppendFragments(ctx context.Context, log *storage.Log, fragments [][]Record, commit bool) (Offset, error) {
	tx, err := log.Begin(ctx)
	if err != nil {
		return Offset{}, err
	}
	for _, records := range fragments {
		if err := tx.Add(ctx, records...); err != nil {
			_ = tx.Abort(ctx) // the first error is the one to tell
			return Offset{}, err
		}
	}
	if commit {
		return tx.Commit(ctx)
	}
	return Offset{}, tx.Abort(ctx)
}
