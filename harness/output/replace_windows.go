package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replace writes a temporary file beside path, syncs it and renames it to path.
func replace(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// writable returns why the user may not write an existing file, or nil.
func writable(name string) error {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return refused(name, err)
	case info.Mode().Perm()&0o200 == 0:
		return fmt.Errorf("%s %w: %w", name, ErrPlace, fs.ErrPermission)
	}
	return nil
}
