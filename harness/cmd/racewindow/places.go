package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/output"
)

// checkPlaces finds out before a run whether its results can be written after it. files are the flags that name a file, where -
// is standard output; folders are those that name a folder. It creates nothing.
func checkPlaces(flags *pflag.FlagSet, files, folders []string) error {
	for _, name := range slices.Concat(files, folders) {
		flag := flags.Lookup(name)
		if !flag.Changed {
			continue
		}
		check, place := output.Check, flag.Value.String()
		if slices.Contains(folders, name) {
			check = output.CheckFolder
		} else if ownStream(place) {
			if err := flag.Value.Set("-"); err != nil {
				return err
			}
			continue
		}
		if err := check(place); err != nil {
			return usageError{fmt.Errorf("--%s: %w", name, err)}
		}
	}
	return nil
}

// ownStream reports whether a name is one of standard output, to which nothing but the content may then be written.
func ownStream(name string) bool {
	return slices.Contains([]string{"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}, name)
}

// earlierFolder is the folder, below that for results, which keeps what earlier runs found in numbered folders.
const earlierFolder = "earlier"

// ownFolders are the folders that already hold results of this run.
var ownFolders = map[string]bool{}

// keepEarlier moves the findings of an earlier run away, so that the results of this run do not overwrite them. It is called
// before each write to a folder and does this before the first. marks are files and folders that only a run with a finding
// leaves, others those that every run writes.
func keepEarlier(folder string, marks, others []string) error {
	if ownFolders[folder] {
		return nil
	}
	ownFolders[folder] = true
	found := slices.ContainsFunc(marks, func(name string) bool {
		_, err := os.Lstat(filepath.Join(folder, name))
		return err == nil
	})
	if !found {
		return nil
	}
	aside, err := nextFolder(filepath.Join(folder, earlierFolder))
	if err != nil {
		return err
	}
	for _, name := range slices.Concat(marks, others) {
		err := os.Rename(filepath.Join(folder, name), filepath.Join(aside, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keep the findings of an earlier run: %w", err)
		}
	}
	fmt.Fprintln(os.Stderr, "findings of an earlier run are kept in", aside)
	return nil
}

// nextFolder creates the folder with the lowest free number below a place.
func nextFolder(place string) (string, error) {
	if err := output.MakeFolder(place); err != nil {
		return "", err
	}
	for number := 1; ; number++ {
		name := filepath.Join(place, strconv.Itoa(number))
		if err := os.Mkdir(name, 0o777); !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
}
