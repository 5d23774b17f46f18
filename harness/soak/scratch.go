package soak

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const scratchName = "scratch"

// Scratch is the folder below a campaign's own where rounds have files for as long as they last. A campaign that was killed has
// left some there; the next start removes them.
func Scratch(out string) string { return filepath.Join(out, scratchName) }

// scratchFor makes a folder for one round, below the one that was asked for or else the temporary one.
func scratchFor(below string) (folder string, err error) {
	if below != "" {
		if err := os.MkdirAll(below, 0o777); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(below, "racewindow-round-")
}

// clearScratch removes what rounds have left that were killed. A disk that one of them has mounted comes off first.
func clearScratch(out string) error {
	err := filepath.WalkDir(Scratch(out), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			detach(path)
		}
		return err
	})
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.RemoveAll(Scratch(out))
	}
	if err != nil {
		return fmt.Errorf("remove what a round has left: %w", err)
	}
	return nil
}
