package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"

	"github.com/gofrs/flock"
)

// OS is the real file system below a folder, which must exist. Nothing leads out of that folder: it refuses names that
// would, and links in the folder, because the target of a link is not the store's to write, cut or empty.
func OS(folder string) Disk { return osDisk{folder} }

//racewindow:atomic because each method is one step, and the engine passes a point before it calls one
type osDisk struct{ folder string }

// within checks name and the folder in which it lies: each must be a file, a folder or missing. Then it calls do with the
// store's folder. It opens that folder for each call, since a Disk is never closed. Operations on an open file, which are
// nearly all, do not come this way.
func (d osDisk) within(name string, do func(root *os.Root) error) error {
	root, err := os.OpenRoot(d.folder)
	if err != nil {
		return err
	}
	for _, part := range []string{path.Dir(name), name} {
		if err = regular(root, part); err != nil {
			break
		}
	}
	if err == nil {
		err = do(root)
	}
	return errors.Join(d.inFull(err), root.Close())
}

// inFull makes an error name the full path.
func (d osDisk) inFull(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) && !filepath.IsAbs(e.Path) {
		e.Path = filepath.Join(d.folder, e.Path)
	}
	return err
}

// regular refuses a name that exists and is neither a file nor a folder.
//
//racewindow:atomic because it is part of one step of the disk
func regular(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return checkMode(name, info.Mode())
}

func checkMode(name string, mode fs.FileMode) error {
	if mode.IsRegular() || mode.IsDir() {
		return nil
	}
	return fmt.Errorf("%s is neither a file nor a folder (%v): %w; move it out of the store's folder", name, mode.Type(), ErrForeign)
}

func (d osDisk) Mkdir(name string) error {
	return d.within(name, func(root *os.Root) error {
		if err := root.Mkdir(name, 0o777); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

func (d osDisk) Create(name string) (File, error) {
	return d.open(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (d osDisk) Open(name string) (File, error) { return d.open(name, os.O_RDWR) }

func (d osDisk) open(name string, flag int) (File, error) {
	var opened *os.File
	err := d.within(name, func(root *os.Root) (err error) {
		opened, err = root.OpenFile(name, flag, 0o666)
		return err
	})
	if err != nil {
		return nil, err
	}
	return osFile{opened}, nil
}

func (d osDisk) Rename(oldName, newName string) error {
	return d.within(oldName, func(root *os.Root) error {
		if err := regular(root, path.Dir(newName)); err != nil {
			return err
		}
		return root.Rename(oldName, newName)
	})
}

func (d osDisk) Remove(name string) error {
	return d.within(name, func(root *os.Root) error { return root.Remove(name) })
}

// List also refuses a folder that holds a link, so that no later call meets one.
func (d osDisk) List(name string) (entries []Entry, err error) {
	err = d.within(name, func(root *os.Root) error {
		folder, err := root.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = folder.Close() }()
		found, err := folder.ReadDir(-1)
		for _, e := range found {
			if err := checkMode(path.Join(name, e.Name()), e.Type()); err != nil {
				return err
			}
			entries = append(entries, Entry{Name: e.Name(), Folder: e.IsDir()})
		}
		sort.Slice(entries, func(i, k int) bool { return entries[i].Name < entries[k].Name })
		return err
	})
	return entries, err
}

// SyncDir opens the folder itself and syncs that: an os.Root has no Sync, and a sync of the parent would not be enough.
func (d osDisk) SyncDir(name string) error {
	return d.within(name, func(root *os.Root) error {
		folder, err := root.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(folder.Sync(), folder.Close())
	})
}

// Lock opens the file by its path, because package flock takes a path.
func (d osDisk) Lock(name string) (io.Closer, error) {
	if err := d.within(name, func(*os.Root) error { return nil }); err != nil {
		return nil, err
	}
	full := filepath.Join(d.folder, filepath.FromSlash(name))
	lock := flock.New(full)
	ok, err := lock.TryLock()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: another process or another Store holds %s: close that one first", ErrLocked, full)
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
