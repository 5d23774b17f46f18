// Package crashstress finds what an engine under load loses with the power. It loads a log, cuts the power at a random moment,
// recovers from a disk that this may leave, checks what is there, and goes on with the same log: again and again, on the disk in
// memory of package disks.
//
// A cycle is: load (real goroutines, delayed at failpoints); loss of power (at a failpoint, or after an operation of the disk);
// one of the possible disks, drawn; recovery (which may lose power itself); a check of everything that is there; an append after
// it. The next cycle goes on with that log. What was lost is never expected again, and must never come back.
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
	// ErrConfig is wrapped by the error of a Config that contradicts itself.
	ErrConfig = errors.New("invalid settings")
	// ErrTooLittle is wrapped by the error of a run that did too little for its verdict to count.
	ErrTooLittle = errors.New("the run did too little")
)

// A Config says what to run. Zero fields mean the documented defaults.
type Config struct {
	// Handover is the engine's hand-over; the default is the engine's default.
	Handover storage.Handover
	// Wrap, if it is set, wraps the disk that the engine gets: for disks that lie.
	Wrap func(*crash.Disk) storage.Disk

	// Goroutines is how many clients load the log at once; default 64. With one client the run is deterministic: the same seed
	// gives the same cycles, crash for crash.
	Goroutines int
	// Cycles is how many cycles end the run; default no limit. Duration ends it too; default 10 s, or no limit if Cycles is set.
	Cycles   uint64
	Duration time.Duration
	// Workers is how many logs are tested at the same time; default 1.
	Workers int
	// PerLog is how many cycles are run on one log; default 16.
	PerLog int
	// FirstLog is the number of the log to begin with, to repeat a log of an earlier run.
	FirstLog uint64
	// Operations is the most operations of a client in a cycle; default 8.
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
	// Deaths is the share of cycles, if there is one goroutine, in which the process dies and the machine does not: the next
	// process finds what the cache holds, synced or not; default 0.1. Negative: none.
	Deaths float64

	// Delays are the delays at failpoints.
	Delays failpoints.Delays
	// Seed determines every choice, except those of the Go scheduler.
	Seed uint64
	// Grace is how long a cycle may take before it counts as hanging; default 60 s.
	Grace time.Duration

	// MinDistinct is the least share of disks that were not seen before, MinUnsynced the least share of cycles in which the
	// loss of power could take something; both default to 0.25. Negative: none.
	MinDistinct, MinUnsynced float64
	// Progress, if set, is called about five times a second.
	Progress func(Progress)
}

// Progress is what a run reports while it goes on.
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

// check reports the first contradiction. Defaults must have been applied.
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
	case !(c.Faults >= 0 && c.Faults <= 1): // written so that NaN is refused
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

// room refuses a run that would take all memory, because nothing could stop such a run. A log grows with each of its cycles, on
// average by half the most records with values of half the bound, and its disk keeps a second copy of what was written.
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

// goroutineBytes is the memory of a client, frameBytes that of a record without its value.
var goroutineBytes = map[bool]uint64{false: 12 << 10, true: 56 << 10}[RaceDetector]

const frameBytes = 64
