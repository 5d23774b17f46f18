// Package kill loads a log on the real disk in a process of its own, ends that process with SIGKILL again and again, and checks
// each time what is there.
//
// This shows the death of a process and nothing else. The kernel lives on, and with it every page that was written, synced or
// not: an engine that never syncs passes. What a loss of power can do (lost pages, torn writes, writes out of order, names
// without files) is shown by package crashstress, on a disk in memory. What this adds is that the files, locks and errors are
// the real ones: those of ext4, of tmpfs, of a disk that is full, and of a file that may not grow (RLIMIT_FSIZE).
package kill

import (
	"errors"
	"fmt"
	"os"
	"time"
)

var (
	// ErrConfig is wrapped by what Run says of a Config that contradicts itself.
	ErrConfig = errors.New("invalid settings")
	// ErrTooLittle is wrapped by the error of a run that did less than it must have done for its verdict to count.
	ErrTooLittle = errors.New("the run did too little")
)

// Shows and ShowsNot are the sentences that every report has.
const (
	Shows    = "the death of the process: it was killed at any moment, its files and its lock are as the kernel has them"
	ShowsNot = "lost pages: the kernel keeps what was written, so an engine that never syncs would pass (racewindow stress --crash)"
)

// A Config says what to run. Zero fields mean the documented defaults.
type Config struct {
	// Command starts this program again as a child (IsChild, Child); default the program itself, without arguments.
	Command []string
	// Dirs are folders on the disks to try.
	Dirs []string
	// Kills are made on each; default 50.
	Kills int
	// Limited is how many children get a file size limit that they will reach, on the first disk; default 5. Negative: none.
	Limited int
	// Full is how many children meet a full disk: a small tmpfs that is mounted for them; default 5. Negative: none. Where
	// mounting is not allowed they are not run, and the summary says so.
	Full int
	// PerLog is how many children work on one log; default 10.
	PerLog int
	// Goroutines load the log at once; default 8.
	Goroutines int
	// Messages is the most that a child acknowledges before it is killed; default 1000.
	Messages int
	// MaxValueBytes bounds the values; default 300.
	MaxValueBytes int
	// Handover is the engine's; default its default.
	Handover string
	// Lie makes the children acknowledge as durable before they write: the canary. NoSync has the engine never sync.
	Lie, NoSync bool
	// Seed makes every choice; when the kill strikes is not in its hand.
	Seed uint64
	// Grace is how long a child may say nothing before it counts as hanging; default 60 s.
	Grace time.Duration
	// MinKills is the least share of kills that must have struck under load, after at least one acknowledgement; default 0.5.
	// Negative: none.
	MinKills float64
	// Keep, if set, is a folder that gets a copy of the log as a kill has left it, before it is opened.
	Keep string
	// Progress, if set, is called after each child.
	Progress func(children, of int)
}

func (c Config) withDefaults() Config {
	setDefault(&c.Kills, 50)
	setDefault(&c.Limited, 5)
	setDefault(&c.Full, 5)
	setDefault(&c.PerLog, 10)
	setDefault(&c.Goroutines, 8)
	setDefault(&c.Messages, 1000)
	setDefault(&c.MaxValueBytes, 300)
	setDefault(&c.Grace, time.Minute)
	setDefault(&c.MinKills, 0.5)
	c.Limited, c.Full = max(c.Limited, 0), max(c.Full, 0)
	return c
}

func setDefault[T int | float64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// maxChildren bounds each number of children.
const maxChildren = 1 << 30

// Check reports the first contradiction in the settings, as Run would, and the first folder in which nothing can be made: the
// second disk's turn comes late.
func (c Config) Check() error {
	if err := c.withDefaults().check(); err != nil {
		return err
	}
	for _, dir := range c.Dirs {
		made, err := os.MkdirTemp(dir, "racewindow-kill-")
		if err == nil {
			err = os.Remove(made)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return nil
}

// check reports the first contradiction, defaults applied.
func (c Config) check() error {
	problem := ""
	switch {
	case len(c.Dirs) == 0:
		problem = "no folder to work in"
	case c.Kills < 1 || c.PerLog < 1 || c.PerLog > 1<<10:
		problem = fmt.Sprintf("%d kills, %d children for a log: at least 1 each, and at most %d children", c.Kills, c.PerLog, 1<<10)
	case c.Kills > maxChildren || c.Limited > maxChildren || c.Full > maxChildren:
		problem = fmt.Sprintf("%d kills, %d children with a limit, %d with a full disk: at most %d each", c.Kills, c.Limited, c.Full, maxChildren)
	case c.Goroutines < 1 || c.Goroutines > 1<<10:
		problem = fmt.Sprintf("%d goroutines: 1 to %d", c.Goroutines, 1<<10)
	case c.Messages < 1 || c.Messages >= 1<<16:
		problem = fmt.Sprintf("%d messages: 1 to %d", c.Messages, 1<<16-1)
	case c.MaxValueBytes < 0 || c.MaxValueBytes > 1<<16:
		problem = fmt.Sprintf("values of up to %d bytes: 0 to %d", c.MaxValueBytes, 1<<16)
	case c.Grace < 0 || !(c.MinKills <= 1):
		problem = fmt.Sprintf("grace %v, a least share of %v kills under load: positive, and at most 1", c.Grace, c.MinKills)
	}
	if problem != "" {
		return fmt.Errorf("%w: %s", ErrConfig, problem)
	}
	return nil
}
