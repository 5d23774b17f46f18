// Package room takes room for files away from a process, for real: by a limit on the size of its files, or by a small disk that is
// full. It is done on Linux; elsewhere each function says so by its error.
package room

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Fill makes a file as large as the file system that it lies on has room, but for that many bytes.
func Fill(file string, but int64) error {
	left, err := Free(filepath.Dir(file))
	if err != nil {
		return err
	}
	return os.WriteFile(file, make([]byte, max(left-but, 0)), 0o666)
}

// RemoveAll removes a folder, if it is there, with all that is below it. A disk that is mounted there comes off first.
func RemoveAll(folder string) error {
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			detach(path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(folder)
}
