// Package bbolt adapts go.etcd.io/bbolt v1.5.0, a tree of keys and values in one file.
//
// What it promises, in our words:
//
//   - Visible: one writer at a time, any number of readers. A transaction sees the database as it was when the transaction began; a
//     read after Update has returned sees what Update did. (https://github.com/etcd-io/bbolt/tree/v1.5.0#transactions)
//   - Durable: when Update returns nil. A commit writes the pages and syncs, then writes the new meta page and syncs, so that a write
//     that a crash interrupts is thrown away: its meta page does not verify. NoSync gives that up.
//     (https://github.com/etcd-io/bbolt/tree/v1.5.0#reading-the-source; https://pkg.go.dev/go.etcd.io/bbolt@v1.5.0#DB)
//   - After an error: if the function of an Update returns one, all is rolled back. An error of the commit is returned.
//     (https://pkg.go.dev/go.etcd.io/bbolt@v1.5.0#DB.Update)
package bbolt

import (
	"encoding/binary"
	"fmt"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/racewindow/racewindow/harness/adapters"
)

var bucket = []byte("records")

// A Log is a bucket of bbolt in which the keys are the numbers of the records.
type Log struct{ Engine *bbolt.DB }

var _ adapters.Log = (*Log)(nil)

// Open opens the log in a folder. With durable, what Append appends is durable when it returns.
func Open(folder string, durable bool) (*Log, error) {
	engine, err := bbolt.Open(filepath.Join(folder, "records.db"), 0o600, &bbolt.Options{NoSync: !durable})
	if err != nil {
		return nil, err
	}
	err = engine.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		engine.Close() // the first error says more
		return nil, err
	}
	return &Log{Engine: engine}, nil
}

// Append is adapters.Log's.
func (l *Log) Append(values ...[]byte) error {
	return l.Engine.Update(func(tx *bbolt.Tx) error { return put(tx, values) })
}

// AppendGrouped is Append for many goroutines at once: bbolt commits what they bring in one transaction.
func (l *Log) AppendGrouped(values ...[]byte) error {
	return l.Engine.Batch(func(tx *bbolt.Tx) error { return put(tx, values) })
}

func put(tx *bbolt.Tx, values [][]byte) error {
	records := tx.Bucket(bucket)
	records.FillPercent = 1 // keys only grow
	for _, value := range values {
		number, err := records.NextSequence()
		if err != nil {
			return err
		}
		if err := records.Put(key(number), value); err != nil {
			return err
		}
	}
	return nil
}

func key(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

// Sync is adapters.Log's.
func (l *Log) Sync() error { return l.Engine.Sync() }

// Last is adapters.Log's.
func (l *Log) Last() (last uint64, err error) {
	err = l.Engine.View(func(tx *bbolt.Tx) error {
		last = tx.Bucket(bucket).Sequence()
		return nil
	})
	return last, err
}

// Read is adapters.Log's.
func (l *Log) Read(number uint64) (value []byte, err error) {
	err = l.Engine.View(func(tx *bbolt.Tx) error {
		found := tx.Bucket(bucket).Get(key(number))
		if found == nil {
			return fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
		}
		value = append([]byte{}, found...)
		return nil
	})
	return value, err
}

// Scan is adapters.Log's.
func (l *Log) Scan(visit func(value []byte) error) error {
	return l.Engine.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(_, value []byte) error { return visit(value) })
	})
}

// Close is adapters.Log's.
func (l *Log) Close() error { return l.Engine.Close() }
