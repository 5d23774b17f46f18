package properties

import (
	"io"
	"sync/atomic"

	"github.com/racewindow/racewindow/storage"
)

// A countedDisk counts what is open on it, what was ever opened, and syncs.
type countedDisk struct {
	storage.Disk
	open, opened, syncs atomic.Int64
}

func (d *countedDisk) count(c io.Closer) io.Closer {
	d.open.Add(1)
	d.opened.Add(1)
	return closer{c, d}
}

type closer struct {
	io.Closer
	disk *countedDisk
}

func (c closer) Close() error {
	c.disk.open.Add(-1)
	return c.Closer.Close()
}

type countedFile struct {
	storage.File
	closer io.Closer
	disk   *countedDisk
}

func (f countedFile) Close() error { return f.closer.Close() }

func (f countedFile) Sync() error {
	err := f.File.Sync()
	f.disk.syncs.Add(1)
	return err
}

func (d *countedDisk) file(f storage.File, err error) (storage.File, error) {
	if err != nil {
		return nil, err
	}
	return countedFile{f, d.count(f), d}, nil
}

func (d *countedDisk) Create(name string) (storage.File, error) { return d.file(d.Disk.Create(name)) }
func (d *countedDisk) Open(name string) (storage.File, error)   { return d.file(d.Disk.Open(name)) }

func (d *countedDisk) Lock(name string) (io.Closer, error) {
	c, err := d.Disk.Lock(name)
	if err != nil {
		return nil, err
	}
	return d.count(c), nil
}
