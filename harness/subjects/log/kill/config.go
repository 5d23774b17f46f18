// Package kill tests whether a log survives the death of its process. It loads a log on the real disk in a process of its own,
// ends that process with SIGKILL again and again, and checks each time what is there.
//
// It shows nothing but the death of a process. The kernel keeps every page that was written, synced or not, so an engine that
// never syncs passes. Package crashstress shows what a loss of power can do (lost pages, torn writes, writes out of order, names
// without files), on a disk in memory. What this package adds are real files, locks and errors: those of ext4, of tmpfs, of a
// disk that is full, and of a file that may not grow (RLIMIT_FSIZE).
package kill

import (
	"errors"
	"fmt"
	"os"
	"time"
)

var (
	// ErrConfig is wrapped by the error of a Config that contradicts itself.
	ErrConfig = errors.New("invalid settings")
	// ErrTooLittle is wrapped by the error of a run that did too little for its verdict to count.
	ErrTooLittle = errors.New("the run did too little")
)

// Shows and ShowsNot are sentences that every report has.
const (
	Shows    = "the death of the process: it was killed at any moment, its files and its lock are as the kernel has them"
	ShowsNot = "lost pages: the kernel keeps what was written, so an engine that never syncs would pass (racewindow stress --crash)"
)

// A Config says what to run. Zero fields mean the documented defaults.
type Config struct {
	// Command starts this program again as a child (IsChild, Child); the default is the program itself, without arguments.
	Command []string
	// Dirs are folders on the disks to test.
	Dirs []string
	// Kills is the number of kills on each disk; default 50.
	Kills int
	// Limited is how many children get a file size limit that they will reach, on the first disk; default 5. Negative: none.
	Limited int
	// Full is how many children get a full disk, a small tmpfs that is mounted for them; default 5. Negative: none. If mounting
	// is not allowed, they are not run, and the summary says so.
	Full int
	// PerLog is how many children work on one log; default 10.
	PerLog int
	// Goroutines is how many goroutines load the log at once; default 8.
	Goroutines int
	// Messages is the most appends that a child acknowledges before it is killed; default 1000.
	Messages int
	// MaxValueBytes bounds the values; default 300.
	MaxValueBytes int
	// Handover is the name of the engine's hand-over; the default is the engine's default.
	Handover string
	// Lie makes the children acknowledge as durable before they write: the canary. NoSync makes the engine never sync.
	Lie, NoSync bool
	// Seed determines every choice, but not the moment of a kill.
	Seed uint64
	// Grace is how long a child may say nothing before it counts as hanging; default 60 s.
	Grace time.Duration
	// MinKills is the least share of kills that must have come under load, which is after at least one acknowledgement; default
	// 0.5. Negative: none.
	MinKills float64
	// Keep, if set, is a folder that gets a copy of the log as a kill left it, before the log is opened.
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

// Check reports the first contradiction in the settings, as Run would, and the first folder in which nothing can be created. Run
// would notice the latter only when that disk's turn comes.
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

// check reports the first contradiction. Defaults must have been applied.
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
