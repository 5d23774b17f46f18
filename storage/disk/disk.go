// Package disk is what a store sees of a file system: an interface, the system's own disk, and one in memory.
package disk

import (
	"errors"
	"io"
)

var (
	// ErrLocked is returned by Lock for a disk that another process, or another store, has locked.
	ErrLocked = errors.New("store is in use")
	// ErrForeign is returned for a name that is neither a file nor a folder: a link, a pipe, a device.
	ErrForeign = errors.New("not a file of this store")
)

// A Disk is the file system as the store sees it: one folder, one level of subfolders, names with forward slashes and
// never a way out. The errors of its methods wrap fs.ErrNotExist, fs.ErrExist and syscall.ENOSPC where those are meant.
//
// A simulated disk may keep what was synced apart from what was not: File.Sync makes a file's bytes and length durable,
// SyncDir the names in a folder, and nothing else does.
//
//racewindow:shared
type Disk interface {
	// Mkdir makes a subfolder; one that exists is no error.
	Mkdir(name string) error
	// Create makes an empty file, or empties the one there.
	Create(name string) (File, error)
	// Open opens an existing file for reading and writing.
	Open(name string) (File, error)
	// Rename replaces newName with oldName in one step.
	Rename(oldName, newName string) error
	// Remove deletes a file or an empty subfolder.
	Remove(name string) error
	// List returns the entries of a folder, sorted by name; "." is the store's folder.
	List(name string) ([]Entry, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(name string) error
	// Lock takes the store's lock until the Closer is closed. ErrLocked says that somebody has it.
	Lock(name string) (io.Closer, error)
}

// An Entry is one name in a folder.
type Entry struct {
	Name   string
	Folder bool
}

// A File is an open file. ReadAt and WriteAt may be called from many goroutines.
//
//racewindow:shared
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Truncate sets the length.
	Truncate(bytes int64) error
	// Allocate reserves room up to that length and makes the file that long, the new part zeros. A disk that cannot may
	// do nothing.
	Allocate(bytes int64) error
	// Sync makes bytes and length durable.
	Sync() error
	// Size returns the length.
	Size() (int64, error)
}
