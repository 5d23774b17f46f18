// Package badger adapts github.com/dgraph-io/badger/v4 v4.9.6, a sorted map in log-structured merge trees.
//
// What it promises, in our words:
//
//   - Visible: transactions are serialisable; a transaction sees the database as it was when the transaction began, so that what Update
//     has committed is seen by all transactions that begin after it has returned. (https://docs.hypermode.com/badger/quickstart#transactions;
//     https://pkg.go.dev/github.com/dgraph-io/badger/v4@v4.9.6#DB.Update)
//   - Durable: with SyncWrites, when Update returns nil: what was written to the map of the log's file is synced first, to survive a hard
//     reboot. Without it, the default, writes survive the death of the process alone.
//     (https://pkg.go.dev/github.com/dgraph-io/badger/v4@v4.9.6#Options.WithSyncWrites)
//   - After an error: if the function of an Update returns one, the transaction is dropped. An error of the commit is returned.
//     (https://pkg.go.dev/github.com/dgraph-io/badger/v4@v4.9.6#Txn.Commit)
package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/racewindow/racewindow/harness/adapters"
)

// A Log is a database of badger in which the keys are the numbers of the records.
type Log struct {
	Engine *badger.DB
	mu     sync.Mutex // serialises appends: two that read the newest number would conflict
	last   uint64
}

var _ adapters.Log = (*Log)(nil)

// Open opens the log in a folder. With durable, what Append appends is durable when it returns. A table in memory has so many bytes; 0 is
// the engine's default, 64 MiB.
func Open(folder string, durable bool, table int64) (*Log, error) {
	config := badger.DefaultOptions(folder).WithSyncWrites(durable).WithLogger(nil)
	if table > 0 {
		config = config.WithMemTableSize(table).WithValueLogFileSize(max(table, 1<<20)).WithValueThreshold(1 << 10).
			WithCompression(options.None).WithBlockCacheSize(0).WithNumMemtables(2) // without a cache, which is made anew for each execution
	}
	engine, err := badger.Open(config)
	if err != nil {
		return nil, err
	}
	l := &Log{Engine: engine}
	err = engine.View(func(tx *badger.Txn) error {
		newest := tx.NewIterator(badger.IteratorOptions{Reverse: true})
		defer newest.Close()
		if newest.Rewind(); newest.Valid() && len(newest.Item().Key()) == 8 {
			l.last = binary.BigEndian.Uint64(newest.Item().Key())
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return l, nil
}

// Append is adapters.Log's.
func (l *Log) Append(values ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.Engine.Update(func(tx *badger.Txn) error {
		for i, value := range values {
			if err := tx.Set(key(l.last+1+uint64(i)), value); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		l.last += uint64(len(values))
	}
	return err
}

func key(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

// Sync is adapters.Log's.
func (l *Log) Sync() error { return l.Engine.Sync() }

// Last is adapters.Log's.
func (l *Log) Last() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}

// Read is adapters.Log's.
func (l *Log) Read(number uint64) (value []byte, err error) {
	err = l.Engine.View(func(tx *badger.Txn) error {
		item, err := tx.Get(key(number))
		if err != nil {
			return err
		}
		value, err = item.ValueCopy(nil)
		return err
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
	}
	return value, err
}

// Scan is adapters.Log's.
func (l *Log) Scan(visit func(value []byte) error) error {
	return l.Engine.View(func(tx *badger.Txn) error {
		records := tx.NewIterator(badger.DefaultIteratorOptions)
		defer records.Close()
		for records.Rewind(); records.Valid(); records.Next() {
			if err := records.Item().Value(visit); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close is adapters.Log's.
func (l *Log) Close() error { return l.Engine.Close() }
