package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// OSDisk is the real file system below a folder, which must exist.
func OSDisk(folder string) Disk { return osDisk{folder} }

//racewindow:atomic because each method is one step, and the engine passes a point before it calls one
type osDisk struct{ folder string }

func (d osDisk) path(name string) string { return filepath.Join(d.folder, filepath.FromSlash(name)) }

func (d osDisk) Mkdir(name string) error {
	if err := os.Mkdir(d.path(name), 0o777); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func (d osDisk) Create(name string) (File, error) {
	return openOS(d.path(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (d osDisk) Open(name string) (File, error) { return openOS(d.path(name), os.O_RDWR) }

//racewindow:atomic because it is a step of the disk's, and the engine passes a point before it calls one
func openOS(path string, flag int) (File, error) {
	f, err := os.OpenFile(path, flag, 0o666)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d osDisk) Rename(oldName, newName string) error {
	return os.Rename(d.path(oldName), d.path(newName))
}

func (d osDisk) Remove(name string) error { return os.Remove(d.path(name)) }

func (d osDisk) List(name string) ([]Entry, error) {
	found, err := os.ReadDir(d.path(name))
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(found))
	for i, e := range found {
		entries[i] = Entry{Name: e.Name(), Folder: e.IsDir()}
	}
	return entries, nil
}

func (d osDisk) SyncDir(name string) error {
	f, err := os.Open(d.path(name))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d osDisk) Lock(name string) (io.Closer, error) {
	lock := flock.New(d.path(name))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: another process or another Store holds %s: close that one first", ErrLocked, d.path(name))
	}
	return lock, nil
}

//racewindow:atomic because each method is one step, and the engine passes a point before it calls one
type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
