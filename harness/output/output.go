// Package output writes results to where a user wants them, and loses nothing that is already there: a regular file is
// replaced completely or not at all, and keeps its mode; a link is followed and stays a link; a device or a pipe is written
// to, and never replaced.
//
// Check and CheckFolder find out, before a long run, whether its results can be written after it. They leave nothing behind.
package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrPlace is wrapped by the error of a place that cannot be written.
var ErrPlace = errors.New("cannot be written")

// maxLinks is how many links in a row are followed, as many as Linux follows.
const maxLinks = 40

// A place is what a name leads to.
type place struct {
	path string
	// through says that the file is opened and written directly: it is a device, a pipe, or a file to which no path leads.
	through bool
	// stream is standard output or standard error, if the name leads there.
	stream *os.File
}

// find returns where a name leads. It changes nothing.
func find(name string) (place, error) {
	if name == "" {
		return place{}, fmt.Errorf("an empty name %w: name a file", ErrPlace)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		path, err := target(name)
		return place{path: path}, err
	case err != nil:
		return place{}, refused(name, err)
	case info.IsDir():
		return place{}, fmt.Errorf("%s %w: it is a folder; name a file in it", name, ErrPlace)
	}
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if at, err := stream.Stat(); err == nil && os.SameFile(at, info) {
			return place{path: name, stream: stream}, nil
		}
	}
	if info.Mode()&fs.ModeSocket != 0 {
		return place{}, fmt.Errorf("%s %w: it is a socket", name, ErrPlace)
	}
	path, err := target(name)
	if err != nil {
		return place{}, err
	}
	// A file that /dev/fd names may no longer be at its path; then only the name itself leads to it.
	if at, err := os.Stat(path); err == nil && os.SameFile(at, info) && info.Mode().IsRegular() {
		return place{path: path}, nil
	}
	return place{path: name, through: true}, nil
}

// target follows the links of a name to their end, whether or not that exists.
func target(name string) (string, error) {
	path := name
	for range maxLinks {
		folder, base := filepath.Split(path)
		if folder, err := filepath.EvalSymlinks(folder); err == nil && base != "" { // ".." after a link would lead elsewhere
			path = filepath.Join(folder, base)
		}
		next, err := os.Readlink(path)
		if err != nil { // it is no link, or does not exist
			return path, nil
		}
		if !filepath.IsAbs(next) {
			next = filepath.Dir(path) + string(filepath.Separator) + next
		}
		path = next
	}
	return "", fmt.Errorf("%s %w: its links lead to each other", name, ErrPlace)
}

func refused(name string, err error) error {
	return fmt.Errorf("%s %w: %w", name, ErrPlace, cause(err))
}

// Check returns why nothing can be written to name, or nil. It leaves nothing behind, and does not change what is there.
func Check(name string) error {
	p, err := find(name)
	switch {
	case err != nil:
		return err
	case p.stream != nil:
		return nil
	case p.through:
		return writable(name)
	}
	if err := writable(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return checkParent(name, filepath.Dir(p.path))
}

// checkParent checks whether a file can be created in a folder.
func checkParent(name, folder string) error {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s %w: there is no folder %s; make it first", name, ErrPlace, folder)
	case err != nil:
		return refused(name, err)
	case !info.IsDir():
		return fmt.Errorf("%s %w: %s is no folder", name, ErrPlace, folder)
	}
	probe, err := os.CreateTemp(folder, ".racewindow-*")
	if err != nil {
		return fmt.Errorf("%s %w: no file can be made in %s: %w", name, ErrPlace, folder, cause(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// CheckFolder returns why no files can be written into a folder, or nil. The folder need not exist: MakeFolder creates it.
func CheckFolder(name string) error {
	if name == "" {
		return fmt.Errorf("an empty name %w: name a folder", ErrPlace)
	}
	path, err := target(name)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return fmt.Errorf("%s %w: it is no folder", name, ErrPlace)
	}
	existing := path
	for {
		if _, err := os.Stat(existing); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return checkParent(name, existing)
		}
		above := filepath.Dir(existing)
		if above == existing {
			return fmt.Errorf("%s %w: there is no folder %s", name, ErrPlace, above)
		}
		existing = above
	}
}

// MakeFolder creates a folder, and its parents.
func MakeFolder(name string) error {
	path, err := target(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return refused(name, err)
	}
	return nil
}

// Write writes content to name. If name is a regular file or does not exist, it writes everything or nothing.
func Write(name string, content []byte) error {
	p, err := find(name)
	switch {
	case err != nil:
		return err
	case p.stream != nil:
		if _, err := p.stream.Write(content); err != nil {
			return refused(name, err)
		}
		return nil
	case p.through:
		return writeThrough(name, content)
	}
	if err := writable(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := replace(p.path, content); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// writeThrough writes to what is there. Opening a pipe waits for its reader, as usual.
func writeThrough(name string, content []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return refused(name, err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
