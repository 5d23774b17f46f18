// Package adapters defines Log, the interface that each adapter gives to an engine of others. go.mod names the release of each
// engine. An adapter is one small file, which uses only the public API of the engine and of the harness.
package adapters

import (
	"errors"
	"os"
)

// ErrMissing says that a log has no record of that number.
var ErrMissing = errors.New("no such record")

// A Log is a folder in which an engine keeps records. They are numbered from 1, in the order in which they were appended. Many
// goroutines may call all of its methods at once, except for Close.
//
// Each adapter has a function Open that makes one, and says there whether an append is durable when it returns.
type Log interface {
	// Append appends values, in one call of the engine.
	Append(values ...[]byte) error
	// Sync makes durable whatever was appended before it was called.
	Sync() error
	// Last is the number of the newest record, 0 for none.
	Last() (uint64, error)
	// Read returns the record of that number, or an error that wraps ErrMissing.
	Read(number uint64) ([]byte, error)
	// Scan visits all records in order, and stops at the first error that visit returns. The value is valid until visit returns.
	Scan(visit func(value []byte) error) error
	Close() error
}

// SyncFolder makes the names of the files in a folder durable, as an engine should that has made files there. Tests use it to leave out
// the known loss of a name.
func SyncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
