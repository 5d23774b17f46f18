// Package pebble adapts github.com/cockroachdb/pebble/v2 v2.1.7, a sorted map in log-structured merge trees.
//
// What it promises, in our words:
//
//   - Visible: a write is seen by all reads that begin after it has returned. DB is for many goroutines at once.
//     (https://pkg.go.dev/github.com/cockroachdb/pebble/v2@v2.1.7#DB)
//   - Durable: with WriteOptions.Sync, the default, when the write returns. Without it, a crash of the process or of the machine may
//     take recent writes. (https://pkg.go.dev/github.com/cockroachdb/pebble/v2@v2.1.7#WriteOptions)
//   - After an error: nothing is said for users; the code calls Logger.Fatalf if a commit fails.
//     (https://pkg.go.dev/github.com/cockroachdb/pebble/v2@v2.1.7#Logger)
package pebble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/racewindow/racewindow/harness/adapters"
)

// A Log is a database of pebble in which the keys are the numbers of the records. Its appends run side by side, as the engine's
// writes do: the number is given first, so that Last may name a record that is still on its way.
type Log struct {
	Engine *pebble.DB
	write  *pebble.WriteOptions
	last   atomic.Uint64
}

var _ adapters.Log = (*Log)(nil)

// Open opens the log in a folder. With durable, what Append appends is durable when it returns.
func Open(folder string, durable bool) (*Log, error) {
	engine, err := pebble.Open(folder, &pebble.Options{Logger: quiet{}})
	if err != nil {
		return nil, err
	}
	l := &Log{Engine: engine, write: pebble.NoSync}
	if durable {
		l.write = pebble.Sync
	}
	newest, err := engine.NewIter(nil)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	if newest.Last() && len(newest.Key()) == 8 {
		l.last.Store(binary.BigEndian.Uint64(newest.Key()))
	}
	if err := errors.Join(newest.Error(), newest.Close()); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return l, nil
}

// quiet drops the messages of the engine, except those that must end the process.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("pebble: "+format, args...))
}

// Append is adapters.Log's.
func (l *Log) Append(values ...[]byte) error {
	batch := l.Engine.NewBatch()
	defer batch.Close() // of a batch that is not indexed: returns its memory, and cannot fail
	number := l.last.Add(uint64(len(values))) - uint64(len(values))
	for _, value := range values {
		number++
		if err := batch.Set(key(number), value, nil); err != nil {
			return err
		}
	}
	return batch.Commit(l.write)
}

func key(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

// Sync is adapters.Log's. It syncs an empty record of the engine's log, and so everything before that record.
func (l *Log) Sync() error { return l.Engine.LogData(nil, pebble.Sync) }

// Last is adapters.Log's.
func (l *Log) Last() (uint64, error) { return l.last.Load(), nil }

// Read is adapters.Log's.
func (l *Log) Read(number uint64) ([]byte, error) {
	found, closer, err := l.Engine.Get(key(number))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
	} else if err != nil {
		return nil, err
	}
	return append([]byte{}, found...), closer.Close()
}

// Scan is adapters.Log's.
func (l *Log) Scan(visit func(value []byte) error) error {
	records, err := l.Engine.NewIter(nil)
	if err != nil {
		return err
	}
	for more := records.First(); more && err == nil; more = records.Next() {
		err = visit(records.Value())
	}
	return errors.Join(err, records.Error(), records.Close())
}

// Close is adapters.Log's.
func (l *Log) Close() error { return l.Engine.Close() }
