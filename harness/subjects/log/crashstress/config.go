// Package crashstress loads an engine, takes the power away at a random moment, recovers from a disk that this may leave,
// checks what is there, and goes on with the same log: again and again, on the disk in memory of package crash.
//
// Each cycle is: load (real goroutines, delayed at failpoints), loss of power (at a failpoint or after an operation of the
// disk), one legal disk drawn, recovery (which may lose power itself), a check of everything that is there, an append behind
// it. The load of the next cycle is on top of that. What was lost is never expected again, and never may come back.
package crashstress

import (
	"errors"
	"fmt"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/memory"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/storage"
)

var (
	// ErrConfig is wrapped by what Run says of a Config that contradicts itself.
	ErrConfig = errors.New("invalid settings")
	// ErrTooLittle is wrapped by the error of a run that did less than it must have done for its verdict to count.
	ErrTooLittle = errors.New("the run did too little")
)

// A Config says what to run. Zero fields mean the documented defaults.
type Config struct {
	// Handover of the engine; default the engine's.
	Handover storage.Handover
	// Wrap, if it is set, stands between the engine and the disk: for disks that lie.
	Wrap func(*crash.Disk) storage.Disk

	// Goroutines is how many clients load the log at once; default 64. One alone is deterministic: the same seed gives the
	// same cycles, crash for crash.
	Goroutines int
	// Cycles ends the run; default no limit. Duration does too; default 10 s, none if Cycles is set.
	Cycles   uint64
	Duration time.Duration
	// Workers is how many logs are worked on side by side; default 1.
	Workers int
	// PerLog is how many cycles a log lives through; default 16.
	PerLog int
	// FirstLog is the number of the log to begin with: to see one again.
	FirstLog uint64
	// Operations is the most that a client does in a cycle; default 8.
	Operations int
	// MaxValueBytes bounds the values; default 200.
	MaxValueBytes int
	// MaxRecords is the most records in one transaction; default 3.
	MaxRecords int

	// Model says which disks a loss of power may leave.
	Model crash.Model
	// Faults is the share of cycles in which the disk also fails: under load, and in recovery.
	Faults float64
	// Interrupted is the share of recoveries that lose power themselves; default 0.25. Negative: none.
	Interrupted float64
	// Deaths is the share of cycles of a single goroutine in which the process dies and the machine lives: the next one finds
	// what the cache holds, synced or not; default 0.1. Negative: none.
	Deaths float64

	// Delays at failpoints.
	Delays failpoints.Delays
	// Seed makes every choice; what the Go scheduler does is not in its hand.
	Seed uint64
	// Grace is how long a cycle may take before it counts as hanging; default 60 s.
	Grace time.Duration

	// MinDistinct and MinUnsynced are the least shares of cycles with a disk that had not been seen before, and with
	// effects that the loss of power could take; defaults 0.25 and 0.25. Negative: none.
	MinDistinct, MinUnsynced float64
	// Progress, if set, is called about five times a second.
	Progress func(Progress)
}

// Progress is what a run tells while it goes on.
type Progress struct {
	Cycles, Limit     uint64
	Elapsed, Duration time.Duration
}

func (c Config) withDefaults() Config {
	setDefault(&c.Goroutines, 64)
	if c.Cycles == 0 {
		setDefault(&c.Duration, 10*time.Second)
	}
	setDefault(&c.Workers, 1)
	setDefault(&c.PerLog, 16)
	setDefault(&c.Operations, 8)
	setDefault(&c.MaxValueBytes, 200)
	setDefault(&c.MaxRecords, 3)
	setDefault(&c.Interrupted, 0.25)
	setDefault(&c.Deaths, 0.1)
	setDefault(&c.Grace, time.Minute)
	setDefault(&c.MinDistinct, 0.25)
	setDefault(&c.MinUnsynced, 0.25)
	if c.Handover.Name() == "" {
		c.Handover, _ = storage.HandoverByName("")
	}
	return c
}

func setDefault[T int | float64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// check reports the first contradiction, defaults applied.
func (c Config) check() error {
	problem := ""
	switch {
	case c.Goroutines < 1 || c.Goroutines > 1<<16:
		problem = fmt.Sprintf("%d goroutines: 1 to %d", c.Goroutines, 1<<16)
	case c.Workers < 1 || c.PerLog < 1 || c.Operations < 1:
		problem = fmt.Sprintf("%d workers, %d cycles of a log, %d operations of a client: at least 1 each", c.Workers, c.PerLog, c.Operations)
	case c.Workers > 1<<16 || c.PerLog > 1<<20 || c.Operations > 1<<16:
		problem = fmt.Sprintf("%d workers, %d cycles of a log, %d operations of a client: at most %d, %d and %d", c.Workers, c.PerLog, c.Operations, 1<<16, 1<<20, 1<<16)
	case c.Duration < 0 || c.Grace < 0:
		problem = fmt.Sprintf("duration %v, grace %v: must be positive", c.Duration, c.Grace)
	case c.MaxValueBytes < 0 || c.MaxValueBytes > 1<<20:
		problem = fmt.Sprintf("values of up to %d bytes: 0 to %d", c.MaxValueBytes, 1<<20)
	case c.MaxRecords < 1 || c.MaxRecords > 1<<10:
		problem = fmt.Sprintf("%d records in a transaction: 1 to %d", c.MaxRecords, 1<<10)
	case !(c.Faults >= 0 && c.Faults <= 1): // also not a number
		problem = fmt.Sprintf("faults in a share of %v: 0 to 1", c.Faults)
	case !(c.Interrupted <= 1 && c.Deaths <= 1 && c.MinDistinct <= 1 && c.MinUnsynced <= 1):
		problem = "a share is at most 1"
	case int(c.Model) >= len(crash.Models):
		problem = fmt.Sprintf("%v: %v", c.Model, crash.ErrModel)
	}
	if problem != "" {
		return fmt.Errorf("%w: %s", ErrConfig, problem)
	}
	if err := errors.Join(sched.CheckDelays(c.Delays), c.room()); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

// Check reports the first contradiction in the settings, as Run would.
func (c Config) Check() error { return c.withDefaults().check() }

// room refuses a run that would take all memory: then nothing could stop it. A log grows with each of its cycles, by values of half
// the bound in half as many records, and its disk remembers what was written once more.
func (c Config) room() error {
	cycles := uint64(c.PerLog)
	if c.Cycles > 0 {
		cycles = min(cycles, c.Cycles)
	}
	written := uint64(c.Goroutines*c.Operations) * uint64(c.MaxRecords*(c.MaxValueBytes+frameBytes)) / 4
	return memory.Room("use fewer --goroutines, --workers, --records or cycles of a log (--per-log), or a smaller --value-bytes",
		memory.Part{What: "goroutines", Count: uint64(c.Goroutines) * uint64(c.Workers), Each: goroutineBytes},
		memory.Part{What: "cycles of a log", Count: cycles * uint64(c.Workers), Each: 2 * written})
}

// goroutineBytes is what a client takes, frameBytes a record besides its value.
var goroutineBytes = map[bool]uint64{false: 12 << 10, true: 56 << 10}[RaceDetector]

const frameBytes = 64
