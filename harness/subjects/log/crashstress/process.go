package crashstress

import (
	"io"
	"io/fs"

	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/storage"
)

// gone is the error of a call on the disk after the process has died. Files refuse such calls by themselves.

func (p process) gone(op, name string) error {
	if p.dead() {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrClosed}
	}
	return nil
}

func (p process) Mkdir(name string) error {
	if err := p.gone("mkdir", name); err != nil {
		return err
	}
	return p.Disk.Mkdir(name)
}

func (p process) Create(name string) (storage.File, error) {
	if err := p.gone("create", name); err != nil {
		return nil, err
	}
	return p.Disk.Create(name)
}

func (p process) Open(name string) (storage.File, error) {
	if err := p.gone("open", name); err != nil {
		return nil, err
	}
	return p.Disk.Open(name)
}

func (p process) Rename(oldName, newName string) error {
	if err := p.gone("rename", oldName); err != nil {
		return err
	}
	return p.Disk.Rename(oldName, newName)
}

func (p process) Remove(name string) error {
	if err := p.gone("remove", name); err != nil {
		return err
	}
	return p.Disk.Remove(name)
}

func (p process) SyncDir(name string) error {
	if err := p.gone("syncdir", name); err != nil {
		return err
	}
	return p.Disk.SyncDir(name)
}

func (p process) Lock(name string) (io.Closer, error) {
	if err := p.gone("lock", name); err != nil {
		return nil, err
	}
	return p.Disk.Lock(name)
}

// Syncless wraps a disk so that File.Sync does nothing and returns no error. It is the canary: what an engine makes durable on it
// is lost with the power.
func Syncless(d *crash.Disk) storage.Disk { return syncless{d} }

type syncless struct{ storage.Disk }

func (s syncless) Create(name string) (storage.File, error) {
	f, err := s.Disk.Create(name)
	if err != nil {
		return nil, err
	}
	return synclessFile{f}, nil
}

func (s syncless) Open(name string) (storage.File, error) {
	f, err := s.Disk.Open(name)
	if err != nil {
		return nil, err
	}
	return synclessFile{f}, nil
}

type synclessFile struct{ storage.File }

func (synclessFile) Sync() error { return nil }
