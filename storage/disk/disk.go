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

// A Disk is the file system as the store sees it: one folder and one level of subfolders. Names use forward slashes and
// never lead out of the folder. The errors of its methods wrap fs.ErrNotExist, fs.ErrExist and syscall.ENOSPC where those
// apply.
//
// A simulated disk may tell synced data from unsynced data: File.Sync makes a file's bytes and length durable, SyncDir
// makes the names in a folder durable, and nothing else does.
//
//racewindow:shared
type Disk interface {
	// Mkdir makes a subfolder. It is no error if the subfolder exists.
	Mkdir(name string) error
	// Create makes an empty file. It empties a file that exists.
	Create(name string) (File, error)
	// Open opens an existing file for reading and writing.
	Open(name string) (File, error)
	// Rename gives oldName the name newName in one step. It replaces what had that name.
	Rename(oldName, newName string) error
	// Remove deletes a file or an empty subfolder.
	Remove(name string) error
	// List returns the entries of a folder, sorted by name; "." is the store's folder.
	List(name string) ([]Entry, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(name string) error
	// Lock takes the store's lock until the Closer is closed. It fails with ErrLocked if somebody holds it.
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
	// Allocate reserves room and makes the file at least that long; the new part holds zeros. A disk that cannot reserve
	// room may do nothing.
	Allocate(bytes int64) error
	// Sync makes bytes and length durable.
	Sync() error
	// Size returns the length.
	Size() (int64, error)
}

// A SparseFile is a File that knows where it holds nothing but zeros, such as room that was reserved. A File need not be one.
//
//racewindow:shared
type SparseFile interface {
	// NextData returns the first stretch [from, to) of the file, at byte at or past it, that may hold anything but zeros. Past the
	// last one both are math.MaxInt64. If it does not know, it says that all may: [at, math.MaxInt64).
	NextData(at int64) (from, to int64)
}
