// Package etcdwal adapts go.etcd.io/etcd/server/v3/storage/wal v3.7.3, the write-ahead log of etcd.
//
// What it promises, in our words:
//
//   - Visible: the log is written by one and read as a whole when it is opened. What raft reads meanwhile it has in memory; the adapter
//     does the same. (https://pkg.go.dev/go.etcd.io/etcd/server/v3@v3.7.3/storage/wal#WAL)
//   - Durable: when Save returns, which syncs if there are entries, because raft sends messages only after its entries are durable.
//     (https://pkg.go.dev/go.etcd.io/raft/v3#MustSync)
//   - After an error: nothing is said of a failed Save; etcd ends its process, so the adapter appends nothing more. (The next Save would
//     be carried out, and then the log cannot be opened any more: its checksums go on from those of the entries that failed.) A torn end makes ReadAll return io.ErrUnexpectedEOF;
//     Repair cuts it, and is called at most once. (https://pkg.go.dev/go.etcd.io/etcd/server/v3@v3.7.3/storage/wal#Repair)
package etcdwal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"

	"github.com/racewindow/racewindow/harness/adapters"
)

// A Log is a log of etcd.
type Log struct {
	Engine *wal.WAL

	mu      sync.RWMutex
	entries []*raftpb.Entry // what Save has taken and what was found when the log was opened
	failed  error           // of a Save
}

var _ adapters.Log = (*Log)(nil)

// Open opens the log in a folder. With durable, what Append appends is durable when it returns.
func Open(folder string, durable bool) (*Log, error) {
	folder = filepath.Join(folder, "wal") // the engine makes it, and gives it its name when it is whole
	log := zap.NewNop()
	if !wal.Exist(folder) {
		engine, err := wal.Create(log, folder, nil)
		if err != nil {
			return nil, err
		}
		return opened(engine, nil, durable), nil
	}
	for repaired := false; ; repaired = true { // as etcd does when it starts
		engine, err := wal.Open(log, folder, &walpb.Snapshot{})
		if err != nil {
			return nil, err
		}
		_, _, entries, err := engine.ReadAll()
		if err == nil {
			return opened(engine, entries, durable), nil
		}
		err = errors.Join(err, engine.Close())
		if repaired || !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		if !wal.Repair(log, folder) {
			return nil, fmt.Errorf("the log cannot be repaired: %w", err)
		}
	}
}

func opened(engine *wal.WAL, entries []*raftpb.Entry, durable bool) *Log {
	if !durable {
		engine.SetUnsafeNoFsync()
	}
	return &Log{Engine: engine, entries: entries}
}

// Append is adapters.Log's.
func (l *Log) Append(values ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed
	}
	term, last := uint64(1), uint64(len(l.entries))
	entries := make([]*raftpb.Entry, len(values))
	for i, value := range values {
		index := last + 1 + uint64(i)
		entries[i] = &raftpb.Entry{Term: &term, Index: &index, Data: value}
	}
	if l.failed = l.Engine.Save(&raftpb.HardState{}, entries); l.failed != nil {
		return l.failed
	}
	l.entries = append(l.entries, entries...)
	return nil
}

// Sync is adapters.Log's.
func (l *Log) Sync() error { return l.Engine.Sync() }

// Last is adapters.Log's.
func (l *Log) Last() (uint64, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return uint64(len(l.entries)), nil
}

// Read is adapters.Log's.
func (l *Log) Read(number uint64) ([]byte, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if number == 0 || number > uint64(len(l.entries)) {
		return nil, fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
	}
	return l.entries[number-1].GetData(), nil
}

// Scan is adapters.Log's.
func (l *Log) Scan(visit func(value []byte) error) error {
	l.mu.RLock()
	entries := l.entries
	l.mu.RUnlock()
	for _, entry := range entries {
		if err := visit(entry.GetData()); err != nil {
			return err
		}
	}
	return nil
}

// Close is adapters.Log's.
func (l *Log) Close() error { return l.Engine.Close() }
