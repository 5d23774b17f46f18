package stress

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// Progress is what a run reports while it goes on.
type Progress struct {
	Round      int
	Operations uint64
	Goroutines int
	RoundLeft  time.Duration
	// Elapsed and Duration are times of the whole run.
	Elapsed, Duration time.Duration
}

// ErrTooLittle is wrapped by the error of a run that did too little for its verdict to count.
var ErrTooLittle = errors.New("the run did too little")

// Run stresses an engine. The Summary says what was done and, in Violation, what was found. An error means that the run
// itself failed and has no verdict: the settings are wrong (ErrConfig), the binary is not instrumented
// (failpoints.ErrNotInstrumented), the engine could not be opened, too little was done (ErrTooLittle), or a defect planted over
// the engine was not found (ErrUnseen).
//
// The end of ctx ends the run early and in order.
func Run(ctx context.Context, config Config) (*Summary, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	if err := failpoints.Require("stress", "racewindow build, or run the test with: racewindow test"); err != nil {
		return nil, err
	}
	s := newSummary(config)
	began := time.Now()
	err := s.runRounds(ctx, config, began)
	if errors.Is(err, ErrConfig) {
		return nil, err
	}
	if err == nil && s.Violation == nil && ctx.Err() == nil && s.RecordsChecked > 0 && !config.NoCanaries {
		err = s.plantAll(ctx, config)
	}
	s.Elapsed = time.Since(began)
	if err == nil {
		s.judge()
		err = s.tooLittle(config, ctx.Err() != nil)
	}
	s.finish(err)
	return s, err
}

func (s *Summary) runRounds(ctx context.Context, config Config, began time.Time) error {
	for number := 0; ctx.Err() == nil && number == 0 || s.goesOn(ctx, config, time.Since(began)); number++ {
		if err := s.runRound(ctx, config, number, began); err != nil {
			return err
		}
	}
	return nil
}

// goesOn reports whether another round follows. A round that could only last for a fraction of a second is not begun.
func (s *Summary) goesOn(ctx context.Context, c Config, elapsed time.Duration) bool {
	left := c.Duration - elapsed
	enough := c.Operations > 0 && s.Operations >= c.Operations || c.Rounds > 0 && s.Rounds >= c.Rounds
	return s.Violation == nil && ctx.Err() == nil && !enough && left > min(c.Duration/20, time.Second)
}

func (s *Summary) runRound(ctx context.Context, config Config, number int, began time.Time) error {
	elapsed := time.Since(began)
	r, err := newRound(ctx, config, number, min(config.Round, config.Duration-elapsed))
	if err != nil || ctx.Err() != nil {
		return err
	}
	before := s.Operations
	r.operations = func() uint64 { return before + r.doneSoFar() }
	if config.Progress != nil {
		r.config.Progress = func(p Progress) {
			p.Elapsed, p.Duration = time.Since(began), config.Duration
			s.watch(p)
			config.Progress(p)
		}
	} else {
		r.config.Progress = s.watch
	}
	if err := r.run(ctx); err != nil {
		if s.deadlocked(r, err) {
			return nil
		}
		if r.violation != nil { // other clients hang, so their histories must not be read, but the violation can
			s.Violation = bareFinding(r)
		}
		return err
	}
	if r.unclosed.Load() {
		s.Violation = bareFinding(r)
		return nil
	}
	s.add(r)
	return nil
}

// deadlocked takes the violation of a round whose operations wait for one another, and says whether they do. Their histories must not be
// read.
func (s *Summary) deadlocked(r *round, failed error) bool {
	var hang *HangError
	if !errors.As(failed, &hang) || hang.Deadlock == nil || r.violation != nil {
		return false
	}
	r.violation = hang.violation()
	s.Violation = bareFinding(r)
	s.Violation.Stacks = hang.Deadlock.Stacks
	return true
}

// doneSoFar counts the operations of the clients while they run.
func (r *round) doneSoFar() (total uint64) {
	for _, c := range r.clients {
		total += c.done.Load()
	}
	return total
}

// tooLittle is an error if a run without a violation did too little for that to mean anything.
func (s *Summary) tooLittle(c Config, interrupted bool) error {
	switch {
	case s.Violation != nil:
		return nil
	case interrupted:
		return fmt.Errorf("%w: interrupted after %v; the summary has what was done until then", ErrTooLittle, s.Elapsed.Round(time.Millisecond))
	case s.PerGoroutine.Min == 0:
		return fmt.Errorf("%w: %w: give it more time (--duration), or fewer goroutines", ErrTooLittle, errIdle)
	case s.RecordsChecked == 0:
		return fmt.Errorf("%w: no read returned a record", ErrTooLittle)
	case c.Rounds > 0 && s.Rounds < c.Rounds || c.Each > 0 && s.Failures == 0 && s.PerGoroutine.Min < uint64(c.Each):
		return fmt.Errorf("%w: %d rounds in %v, %d operations of a client at least: give it more time", ErrTooLittle, s.Rounds, s.Elapsed.Round(time.Millisecond), s.PerGoroutine.Min)
	case c.Operations > 0 && s.Operations < c.Operations:
		return fmt.Errorf("%w: %d of %d operations in %v: give it more time", ErrTooLittle, s.Operations, c.Operations, s.Elapsed.Round(time.Millisecond))
	case c.MinOverlaps > 0 && s.Overlaps < uint64(c.MinOverlaps):
		return fmt.Errorf("%w: only %d reads overlapped a flush between write and trim, and at least %d must: give it more time, delays or flushers, or lower --min-overlaps", ErrTooLittle, s.Overlaps, c.MinOverlaps)
	case len(s.Reasons) > 0:
		return fmt.Errorf("%w: never put to the test: %s", ErrTooLittle, strings.Join(s.reasons(s.Reasons), "; "))
	}
	return nil
}

// watch updates the peaks. Only one goroutine calls it.
func (s *Summary) watch(p Progress) {
	s.PeakGoroutines = max(s.PeakGoroutines, p.Goroutines)
	if time.Since(s.memoryRead) > time.Second {
		s.memoryRead = time.Now()
		s.PeakMemory = max(s.PeakMemory, residentPeak())
	}
}

// residentPeak is the peak memory of the process in bytes. It is the system's figure, which under the race detector is several
// times that of the Go runtime; the runtime's figure is used if the system gives none.
func residentPeak() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			var kib uint64
			if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
				return kib << 10
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}

// RaceDetector reports whether this binary has the race detector.
const RaceDetector = raceoff.Enabled
