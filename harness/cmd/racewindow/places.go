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

// checkPlaces finds out before a run whether its results can be written after it: files are the flags that name one, where - is
// standard output, folders those that name a folder. Nothing is made by that.
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

// ownStream says whether a name is one for standard output, where nothing but the content may then be.
func ownStream(name string) bool {
	return slices.Contains([]string{"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}, name)
}

// earlierFolder is below a folder for results: what an earlier run has found, by number.
const earlierFolder = "earlier"

// ownFolders are those that hold results of this run by now.
var ownFolders = map[string]bool{}

// keepEarlier moves what an earlier run has found out of the way of the results of this one: a finding is never written over.
// It is called before each write and does so before the first. marks are the files and folders that only a run with a finding leaves, others those that are written every time.
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
			return fmt.Errorf("keep what an earlier run found: %w", err)
		}
	}
	fmt.Fprintln(os.Stderr, "what an earlier run found is kept in", aside)
	return nil
}

// nextFolder makes the first folder below a place whose number is free.
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
