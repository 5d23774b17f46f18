// Package tidwall adapts github.com/tidwall/wal v1.2.1.
//
// What it promises, in our words:
//
//   - Visible: an entry can be read as soon as Write or WriteBatch has returned. Indexes grow by one, without gaps.
//     (https://pkg.go.dev/github.com/tidwall/wal@v1.2.1#Log.Write)
//   - Durable: on return, unless Options.NoSync is set: that field turns off an fsync after each write, and so puts entries at risk
//     when the server crashes. The page of the module calls the log highly durable.
//     (https://pkg.go.dev/github.com/tidwall/wal@v1.2.1#Options, https://github.com/tidwall/wal/tree/v1.2.1#features)
//   - After an error: nothing is said. ErrCorrupt means that the log is corrupt; what leads to it is not said either.
//     (https://pkg.go.dev/github.com/tidwall/wal@v1.2.1#pkg-variables)
package tidwall

import (
	"errors"
	"fmt"
	"sync"

	"github.com/tidwall/wal"

	"github.com/racewindow/racewindow/harness/adapters"
)

// A Log is a log of tidwall/wal.
type Log struct {
	Engine *wal.Log
	mu     sync.Mutex // from asking for the next index until it is written
}

var _ adapters.Log = (*Log)(nil)

// Open opens the log in a folder. With durable, what Append appends is durable when it returns.
func Open(folder string, durable bool) (*Log, error) {
	options := *wal.DefaultOptions
	options.NoSync = !durable
	engine, err := wal.Open(folder, &options)
	if err != nil {
		return nil, err
	}
	return &Log{Engine: engine}, nil
}

// Append is adapters.Log's.
func (l *Log) Append(values ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, err := l.Engine.LastIndex()
	if err != nil {
		return err
	}
	if len(values) == 1 {
		return l.Engine.Write(last+1, values[0])
	}
	var batch wal.Batch
	for i, value := range values {
		batch.Write(last+1+uint64(i), value)
	}
	return l.Engine.WriteBatch(&batch)
}

// Sync is adapters.Log's.
func (l *Log) Sync() error { return l.Engine.Sync() }

// Last is adapters.Log's.
func (l *Log) Last() (uint64, error) { return l.Engine.LastIndex() }

// Read is adapters.Log's.
func (l *Log) Read(number uint64) ([]byte, error) {
	value, err := l.Engine.Read(number)
	if errors.Is(err, wal.ErrNotFound) {
		return nil, fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
	}
	return value, err
}

// Scan is adapters.Log's.
func (l *Log) Scan(visit func(value []byte) error) error {
	last, err := l.Engine.LastIndex()
	for number := uint64(1); err == nil && number <= last; number++ {
		var value []byte
		if value, err = l.Engine.Read(number); err == nil {
			err = visit(value)
		}
	}
	return err
}

// Close is adapters.Log's.
func (l *Log) Close() error { return l.Engine.Close() }
