// Package goleveldb adapts github.com/syndtr/goleveldb v1.0.1-0.20220721030215-126854af5e6d, LevelDB in Go: a sorted map in log-structured
// merge trees. Its newest tag, v1.0.0, is of 2019.
//
// What it promises, in our words:
//
//   - Visible: a write is seen by all reads that begin after it has returned. DB is for many goroutines at once.
//     (https://pkg.go.dev/github.com/syndtr/goleveldb/leveldb#DB)
//   - Durable: with WriteOptions.Sync, when the write returns. Without it, a crash of the machine may take recent writes, and a crash of
//     the process alone takes none. (https://pkg.go.dev/github.com/syndtr/goleveldb/leveldb/opt#WriteOptions)
//   - After an error: a database that is damaged says so when it is opened, and RecoverFile keeps what can be kept.
//     (https://pkg.go.dev/github.com/syndtr/goleveldb/leveldb#OpenFile)
package goleveldb

import (
	"errors"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

// A Map is a database whose writes are durable when they return.
type Map struct{ Engine *leveldb.DB }

var synced = &opt.WriteOptions{Sync: true}

// Open opens the database of a folder, or makes it there.
func Open(folder string) (*Map, error) {
	engine, err := leveldb.OpenFile(folder, nil)
	if err != nil {
		return nil, err
	}
	return &Map{engine}, nil
}

// Put sets the value of a key.
func (m *Map) Put(key, value string) error { return m.Engine.Put([]byte(key), []byte(value), synced) }

// Delete removes a key.
func (m *Map) Delete(key string) error { return m.Engine.Delete([]byte(key), synced) }

// Get returns the value of a key, "none" if there is none.
func (m *Map) Get(key string) (string, error) {
	value, err := m.Engine.Get([]byte(key), nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return "none", nil
	}
	return string(value), err
}

// Close closes the database.
func (m *Map) Close() error { return m.Engine.Close() }
