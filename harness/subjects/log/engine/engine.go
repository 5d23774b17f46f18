package engine

import (
	"cmp"
	"context"
	"iter"
	"sync/atomic"

	"github.com/racewindow/racewindow/storage"
)

// Every engine uses the types of the engine in this module.
type (
	// Offset is a place in a log: transaction, then operation.
	Offset = storage.Offset
	// Record is one record of a log.
	Record = storage.Record
)

// An Engine is a system under test: an append-only log of transactions. All methods are called by many goroutines.
//
// The checker is exact because of two guarantees that an engine must give. Transactions are numbered without gaps, from 1, in
// the order in which they become visible: so an acknowledgement of one acknowledges all before it, and the number of an aborted
// transaction is used again. And a transaction's records come in the order in which they were given.
type Engine interface {
	// Append appends the records as one transaction, and returns the offset of the last one. When it returns without an error,
	// every read that begins later yields the records. After an error they may or may not be there.
	Append(ctx context.Context, records []Record) (Offset, error)
	// Flush makes everything durable that was acknowledged before it was called.
	Flush(ctx context.Context) error
	// Read yields the records after the offset after, up to upTo (inclusive) or the end of the last complete transaction. A
	// record's bytes are valid until the next one is yielded.
	Read(ctx context.Context, after, upTo Offset) iter.Seq2[Record, error]
	// Close closes the engine. If its Factory is called again afterwards, everything acknowledged is there.
	Close(ctx context.Context) error
}

// A FragmentAppender is an Engine that can also build a transaction from fragments, and abort it.
type FragmentAppender interface {
	// AppendFragments adds the fragments one after the other, and then commits or aborts. It returns the offset of the last
	// record, which means nothing after an abort.
	AppendFragments(ctx context.Context, fragments [][]Record, commit bool) (Offset, error)
}

// A Watermarked Engine says what no crash can take any more, and what can be read.
type Watermarked interface {
	// Durable is the last record of the last durable transaction, zero for none. It does not wait.
	Durable() Offset
	// Visible is the last record that a read may return, zero for none.
	Visible(ctx context.Context) Offset
}

// A Factory opens an engine. Each call after a Close opens the same data again. The context carries the controller for
// tasks that the engine starts.
type Factory func(ctx context.Context) (Engine, error)

// An Opened engine gives access to the log of this module, for calls that no other engine has. If the store gives out the log
// again, that log replaces the earlier one for every user.
type Opened interface {
	Store() *storage.Store
	Log() *storage.Log
	// TailBytes is the limit of the unflushed bytes in memory, of each log of the store.
	TailBytes() int64
	Renew(log *storage.Log)
}

// StorageFactory opens a log of this module, by name, in folder. If options have a disk, folder is a folder on that disk.
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
		e := &storageEngine{store: store, tailBytes: cmp.Or(options.TailBytes, tailBytes)}
		e.log.Store(log)
		return e, nil
	}
}

// tailBytes is the storage package's default for Options.TailBytes.
const tailBytes = 8 << 20

type storageEngine struct {
	store     *storage.Store
	log       atomic.Pointer[storage.Log]
	tailBytes int64
}

func (e *storageEngine) Store() *storage.Store { return e.store }

func (e *storageEngine) Log() *storage.Log { return e.log.Load() }

func (e *storageEngine) TailBytes() int64 { return e.tailBytes }

func (e *storageEngine) Renew(log *storage.Log) { e.log.Store(log) }

func (e *storageEngine) Append(ctx context.Context, records []Record) (Offset, error) {
	return e.Log().Append(ctx, records...)
}

func (e *storageEngine) Flush(ctx context.Context) error { return e.Log().Flush(ctx) }

func (e *storageEngine) Read(ctx context.Context, after, upTo Offset) iter.Seq2[Record, error] {
	return e.Log().Read(ctx, after, upTo)
}

func (e *storageEngine) Durable() Offset { return e.Log().Durable() }

func (e *storageEngine) Visible(ctx context.Context) Offset { return e.Log().Visible(ctx) }

func (e *storageEngine) Close(ctx context.Context) error { return e.store.Close(ctx) }

func (e *storageEngine) AppendFragments(ctx context.Context, fragments [][]Record, commit bool) (Offset, error) {
	return AppendFragments(ctx, e.Log(), fragments, commit)
}

// AppendFragments implements FragmentAppender for a log of this module.
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
	if !commit {
		return Offset{}, tx.Abort(ctx)
	}
	at, err := tx.Commit(ctx)
	if err != nil { // then it is still open, and all other writers wait for it
		_ = tx.Abort(ctx) // the first error is the one to tell
	}
	return at, err
}
