// Package room takes away the room that a process has for files: by a limit on the size of its files, or by a small disk
// that is full. It works on Linux; elsewhere each function returns an error.
package room

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Fill creates a file that fills its file system and leaves but bytes free.
func Fill(file string, but int64) error {
	left, err := Free(filepath.Dir(file))
	if err != nil {
		return err
	}
	return os.WriteFile(file, make([]byte, max(left-but, 0)), 0o666)
}

// RemoveAll removes a folder and everything below it, if it exists. It first unmounts disks that are mounted there.
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
