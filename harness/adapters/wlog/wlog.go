// Package wlog adapts github.com/prometheus/prometheus/tsdb/wlog v0.316.0, the write-ahead log of Prometheus.
//
// What it promises, in our words:
//
//   - Visible: the log is read from start to end once, before anything is logged. What Prometheus reads meanwhile it has in memory;
//     the adapter does the same. (https://pkg.go.dev/github.com/prometheus/prometheus@v0.316.0/tsdb/wlog#WL)
//   - Durable: when Sync has returned, or Close, or when a segment is full and the next one has begun. Nothing is said of a record that
//     Log alone has taken. (https://pkg.go.dev/github.com/prometheus/prometheus@v0.316.0/tsdb/wlog#WL.Sync)
//   - After an error: if reading fails, Repair must be called before anything is written; it drops what follows the damage. A torn write
//     damages the newest segment alone, because no record continues in the next one.
//     (https://pkg.go.dev/github.com/prometheus/prometheus@v0.316.0/tsdb/wlog#WL, and #WL.Repair)
package wlog

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/prometheus/prometheus/tsdb/wlog"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/racewindow/racewindow/harness/adapters"
)

// A Log is a write-ahead log of Prometheus.
type Log struct {
	Engine *wlog.WL

	mu      sync.RWMutex
	records [][]byte // what Log has taken and what was found when the log was opened
}

var _ adapters.Log = (*Log)(nil)

// Open opens the log in a folder. What Append appends is durable after Sync. A segment has so many bytes, a multiple of 32 KiB; 0 is the
// engine's default, 128 MiB.
func Open(folder string, segment int) (*Log, error) {
	if segment == 0 {
		segment = wlog.DefaultSegmentSize
	}
	folder = filepath.Join(folder, "wal")
	engine, err := wlog.NewSize(nil, nil, folder, segment, compression.None)
	if err != nil {
		return nil, err
	}
	records, err := read(folder)
	var damaged *wlog.CorruptionErr
	if errors.As(err, &damaged) { // as Prometheus does when it starts
		if err = engine.Repair(err); err == nil {
			records, err = read(folder)
		}
	}
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return &Log{Engine: engine, records: records}, nil
}

// read returns all records of a log.
func read(folder string) (records [][]byte, err error) {
	segments, err := wlog.NewSegmentsReader(folder)
	if err != nil {
		return nil, err
	}
	defer segments.Close()
	r := wlog.NewReader(segments)
	for r.Next() {
		records = append(records, append([]byte{}, r.Record()...))
	}
	return records, r.Err()
}

// Append is adapters.Log's.
func (l *Log) Append(values ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.Engine.Log(values...); err != nil {
		return err
	}
	for _, value := range values {
		l.records = append(l.records, append([]byte{}, value...))
	}
	return nil
}

// Sync is adapters.Log's.
func (l *Log) Sync() error {
	l.mu.Lock() // Sync of the engine takes no lock, and Log may change the segment
	defer l.mu.Unlock()
	return l.Engine.Sync()
}

// Last is adapters.Log's.
func (l *Log) Last() (uint64, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return uint64(len(l.records)), nil
}

// Read is adapters.Log's.
func (l *Log) Read(number uint64) ([]byte, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if number == 0 || number > uint64(len(l.records)) {
		return nil, fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
	}
	return append([]byte{}, l.records[number-1]...), nil
}

// Scan is adapters.Log's.
func (l *Log) Scan(visit func(value []byte) error) error {
	l.mu.RLock()
	records := l.records
	l.mu.RUnlock()
	for _, value := range records {
		if err := visit(value); err != nil {
			return err
		}
	}
	return nil
}

// Close is adapters.Log's.
func (l *Log) Close() error { return l.Engine.Close() }
