package soak

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/room"
)

const scratchName = "scratch"

// Scratch is the folder, below the campaign's folder, for the files of rounds in progress. A campaign that was killed leaves
// files there, and the next start removes them.
func Scratch(out string) string { return filepath.Join(out, scratchName) }

// scratchFor creates a folder for one round, below the given one or, if that is "", the temporary folder.
func scratchFor(below string) (folder string, err error) {
	if below != "" {
		if err := os.MkdirAll(below, 0o777); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(below, "racewindow-round-")
}

// clearScratch removes the files of rounds that were killed. A disk that such a round mounted is unmounted first.
func clearScratch(out string) error {
	if err := room.RemoveAll(Scratch(out)); err != nil {
		return fmt.Errorf("remove the files of a round that was killed: %w", err)
	}
	return nil
}
