// Package raftwal adapts github.com/hashicorp/raft-wal v0.4.2.
//
// What it promises, in our words:
//
//   - Visible: the log is for one writer, and readers may read beside it; an entry is visible when StoreLogs has returned.
//     (https://pkg.go.dev/github.com/hashicorp/raft-wal@v0.4.2#WAL)
//   - Durable: when StoreLogs returns. A crash at any point must neither lose committed entries nor leave a corrupt file, even if
//     sectors on their way to the disk are torn. (https://github.com/hashicorp/raft-wal/tree/v0.4.2#raft-wal, and #appending-entries)
//   - After an error: nothing is said of a failed write. Damage may be found when an entry is read.
//     (https://github.com/hashicorp/raft-wal/tree/v0.4.2#our-assumptions)
package raftwal

import (
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"

	"github.com/racewindow/racewindow/harness/adapters"
)

// A Log is a log of raft-wal.
type Log struct {
	Engine *wal.WAL
	mu     sync.Mutex // serialises writers, as raft does
}

var _ adapters.Log = (*Log)(nil)

// Open opens the log in a folder. What Append appends is durable when it returns. A segment has so many bytes; 0 is the engine's
// default, 64 MiB.
func Open(folder string, segment int) (*Log, error) {
	if segment == 0 {
		segment = 64 << 20
	}
	engine, err := wal.Open(folder, wal.WithSegmentSize(segment), wal.WithLogger(hclog.NewNullLogger()))
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
	entries := make([]*raft.Log, len(values))
	for i, value := range values {
		entries[i] = &raft.Log{Index: last + 1 + uint64(i), Data: value}
	}
	return l.Engine.StoreLogs(entries)
}

// Sync is adapters.Log's: there is nothing left to do.
func (l *Log) Sync() error { return nil }

// Last is adapters.Log's.
func (l *Log) Last() (uint64, error) { return l.Engine.LastIndex() }

// Read is adapters.Log's.
func (l *Log) Read(number uint64) ([]byte, error) {
	var entry raft.Log
	err := l.Engine.GetLog(number, &entry)
	if errors.Is(err, wal.ErrNotFound) {
		return nil, fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
	}
	return entry.Data, err
}

// Scan is adapters.Log's.
func (l *Log) Scan(visit func(value []byte) error) error {
	last, err := l.Engine.LastIndex()
	for number := uint64(1); err == nil && number <= last; number++ {
		var entry raft.Log
		if err = l.Engine.GetLog(number, &entry); err == nil {
			err = visit(entry.Data)
		}
	}
	return err
}

// Close is adapters.Log's.
func (l *Log) Close() error { return l.Engine.Close() }
