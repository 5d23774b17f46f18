package soak

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/room"
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
	if err := room.RemoveAll(Scratch(out)); err != nil {
		return fmt.Errorf("remove what a round has left: %w", err)
	}
	return nil
}
