// Package stress finds bugs under load: it runs an engine under thousands of goroutines, delays them at its failpoints, and
// checks every read while the run goes on.
package stress

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/memory"
	"github.com/racewindow/racewindow/harness/sched"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// ErrConfig is wrapped by the error of a Config that contradicts itself.
var ErrConfig = errors.New("invalid stress settings")

// A Config says what to run. Zero fields mean the documented defaults.
type Config struct {
	// Name is the name of the engine or hand-over in reports.
	Name string
	// Open makes the factory of a round. Each round must have data of its own.
	Open func(round int) (harness.Factory, error)
	// Discard, if set, removes the data of a finished round.
	Discard func(round int) error

	// Goroutines is how many clients run at once; default 10,000.
	Goroutines int
	// Writers and Flushers are how many of them append and flush; the others read. The defaults are a fifth, and 1 in 2,500 but
	// at least one.
	Writers, Flushers int
	// Duration bounds the run; default 10 s. Operations, if set, bounds it too.
	Duration   time.Duration
	Operations uint64
	// Each, if set, ends a round once each client has executed so many operations. Rounds, if set, ends the run after so many
	// rounds. Such a budget means the same on a busy machine. Duration and Round still apply.
	Each, Rounds int
	// Round bounds one round, after which the engine is closed, opened again and scanned; default 10 s.
	Round time.Duration

	// Pause is the longest rest of a client between two operations, drawn evenly from zero up; clients that flush rest a
	// twentieth of it. The default is 200 us times the goroutines, which keeps two cores busy and the run queue short: if ten
	// thousand goroutines were always runnable, a goroutine that wakes with a lock would wait for all others first, and little
	// would be appended. Negative: none.
	Pause time.Duration
	// Grace is how long operations may go on after the end of a round before they count as hanging; default 60 s.
	Grace time.Duration

	// MinValueBytes and MaxValueBytes bound the values; default 0 to 256. A negative maximum: empty values only.
	MinValueBytes, MaxValueBytes int
	// MaxRecords is the most records in one transaction; default 4.
	MaxRecords int
	// Fragments is the share of appends that are built from fragments, if the engine can; default 0.02. Negative: none.
	Fragments float64

	// Delays are the delays at failpoints.
	Delays failpoints.Delays
	// Seed determines every random choice of the clients, but not what the Go scheduler does.
	Seed uint64
	// Window names two failpoints of a flush. Between them a flushed record is both on disk and in a tail that is about to be
	// cleared; default flush/written and flush/trimmed.
	Window [2]string
	// MinOverlaps is the fewest reads that must overlap a flush between its write and its trim; default 100. Negative: none.
	MinOverlaps int
	// AllowFailures lets operations fail. The outcome of a failed append then stays open until the round's reopen settles it.
	// Without AllowFailures the first error is a violation.
	AllowFailures bool
	// NotJudged names promises that this engine does not give, or that cannot be tested here, and why. The summary says so. Every
	// other promise in Promises must be tested, or the run has done too little.
	NotJudged map[string]string
	// Crash, if set, cuts the power at the end of a round, before the engine is closed: what was not durable may be lost, and
	// what the old engine still writes must have no effect. The round's factory then opens what is left, and everything that a
	// flush covered must be there.
	Crash func(round int) error
	// FailReads, if set, makes the reads of the engine's disk fail until heal is called. Without it, faults are injected
	// at the failpoints of kind fault that a read passes, if there are any.
	FailReads func(round int) (heal func(), err error)
	// NoCanaries leaves out the defects that are planted over the engine after a run that found nothing. The same checks must
	// find each of them, or the run has no verdict. The rounds of these canaries are numbered from CanaryRounds.
	NoCanaries bool
	// Progress, if set, is called about five times a second.
	Progress func(Progress)
}

func (c Config) withDefaults() Config {
	setDefault(&c.Goroutines, 10_000)
	setDefault(&c.Writers, max(1, c.Goroutines/5))
	setDefault(&c.Flushers, max(1, c.Goroutines/2500))
	setDefault(&c.Duration, 10*time.Second)
	setDefault(&c.Round, 10*time.Second)
	setDefault(&c.Pause, time.Duration(c.Goroutines)*200*time.Microsecond)
	setDefault(&c.Grace, time.Minute)
	setDefault(&c.MaxValueBytes, max(256, c.MinValueBytes))
	c.MaxValueBytes = max(c.MaxValueBytes, 0)
	setDefault(&c.MaxRecords, 4)
	setDefault(&c.Fragments, 0.02)
	setDefault(&c.MinOverlaps, 100)
	setDefault(&c.Window[0], "flush/written")
	setDefault(&c.Window[1], "flush/trimmed")
	return c
}

func setDefault[T int | float64 | time.Duration | string](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check reports the first contradiction. Defaults must have been applied.
func (c Config) check() error {
	var problem string
	switch {
	case c.Open == nil:
		problem = "no engine to open"
	case c.Goroutines > maxGoroutines:
		problem = fmt.Sprintf("%d goroutines: at most %d", c.Goroutines, maxGoroutines)
	case c.Goroutines < 3:
		problem = fmt.Sprintf("%d goroutines: use at least 3, one each to write, to flush and to read", c.Goroutines)
	case c.Writers < 1 || c.Flushers < 1 || c.Writers+c.Flushers >= c.Goroutines:
		problem = fmt.Sprintf("%d writers and %d flushers of %d goroutines: at least one each, and one left to read", c.Writers, c.Flushers, c.Goroutines)
	case c.Each < 0 || c.Rounds < 0:
		problem = fmt.Sprintf("%d operations of each client in %d rounds: must not be negative", c.Each, c.Rounds)
	case c.Duration < 0 || c.Round < 0 || c.Grace < 0:
		problem = fmt.Sprintf("duration %v, round %v, grace %v: must be positive", c.Duration, c.Round, c.Grace)
	case c.MinValueBytes < 0 || c.MaxValueBytes < c.MinValueBytes:
		problem = fmt.Sprintf("values of %d to %d bytes: the bounds must not be negative, nor the upper below the lower", c.MinValueBytes, c.MaxValueBytes)
	case c.MaxValueBytes > maxValueBytes:
		problem = fmt.Sprintf("values of up to %d bytes: at most %d", c.MaxValueBytes, maxValueBytes)
	case c.MaxRecords < 1 || c.MaxRecords > 1<<15:
		problem = fmt.Sprintf("%d records in a transaction: 1 to %d", c.MaxRecords, 1<<15)
	case !(c.Fragments <= 1): // written so that NaN is refused
		problem = fmt.Sprintf("a share of %v appends in fragments: at most 1", c.Fragments)
	default:
		problem = c.unknownPromise()
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

// maxValueBytes is far more than an engine takes, and small enough that products with it do not overflow.
const maxValueBytes = 1 << 30

// maxGoroutines is the most clients that the board can tell apart.
const maxGoroutines = 1 << 20

// room refuses a run that would take all memory, because nothing could stop such a run.
func (c Config) room() error {
	return memory.Room("run fewer --goroutines, fewer --records or a smaller --value-bytes",
		memory.Part{What: "goroutines", Count: uint64(c.Goroutines), Each: goroutineBytes},
		memory.Part{What: "transactions", Count: uint64(c.Writers), Each: uint64(c.MaxRecords) * uint64(c.MaxValueBytes)})
}

// goroutineBytes is the memory of a client: its stack, its program and its history. Measured with 1,000 to 20,000 clients on the
// log of this module: 17 KiB, and 52 KiB under the race detector.
var goroutineBytes = map[bool]uint64{false: 18 << 10, true: 56 << 10}[RaceDetector]

// unknownPromise says that NotJudged names an unknown promise, "" if it does not.
func (c Config) unknownPromise() string {
	var known []string
	for _, p := range Promises() {
		known = append(known, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.NotJudged)) {
		if !slices.Contains(known, name) {
			return fmt.Sprintf("NotJudged: no promise is called %q: choose one of %s", name, strings.Join(known, ", "))
		}
	}
	return ""
}
