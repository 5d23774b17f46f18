package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// makeFolder makes a folder for the run below parent. Without a parent it takes the temporary folder, or the working
// folder if the temporary one is in memory.
func makeFolder(parent string, messages io.Writer) (string, error) {
	if parent == "" {
		parent = os.TempDir()
		if inMemory(parent) {
			parent = "."
		}
	}
	if inMemory(parent) {
		fmt.Fprintf(messages, "bench: %s is in memory: syncs cost nothing there; name a folder on a disk with --dir\n", parent)
	}
	return os.MkdirTemp(parent, "racewindow-bench-")
}

// copyFolder copies the contents of a folder. Zeros become holes, so that the copy takes no room that the files have only reserved.
func copyFolder(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, below), 0o777)
		}
		return copyFile(filepath.Join(to, below), path)
	})
}

// copyFile syncs the copy: an opening that syncs would otherwise wait for the disk to take the whole copy.
func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for at := int64(0); ; {
		n, err := in.ReadAt(block, at)
		if !zeros(block[:n]) {
			if _, err := out.WriteAt(block[:n], at); err != nil {
				return err
			}
		}
		if at += int64(n); errors.Is(err, io.EOF) {
			return errors.Join(out.Truncate(info.Size()), out.Sync())
		} else if err != nil {
			return err
		}
	}
}

func zeros(block []byte) bool {
	for _, b := range block {
		if b != 0 {
			return false
		}
	}
	return true
}
