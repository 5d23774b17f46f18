package driver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// order is what the command has ordered, nil if it has not: then the tests run as they always do, as they must in a process that a
// test starts.
var (
	order  *drive.Order
	events = &drive.Sink{}
	inside bool // a test is being explored; its own runs and sub-tests are not
)

// Start reads the order. It is called before any test runs.
func Start() {
	text := os.Getenv(drive.Variable)
	if text == "" {
		return
	}
	_ = os.Unsetenv(drive.Variable) // it is set
	var err error
	if order, err = drive.Parse(text); err == nil {
		events, err = drive.Open(order.Events)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "racewindow:", err)
		os.Exit(2)
	}
	ownPackage = order.Own
	debug.SetGCPercent(400) // executions make garbage and keep none of it
	sched.OnHang(func(report string) {
		tell(drive.Event{Event: drive.Refused, Test: exploring, Text: report, Code: 3})
	})
}

// exploring is the name of the test that is being explored.
var exploring string

// Test is asked before a test's function runs. It says whether it has done with the test what was ordered.
func Test(name string, prepare func() Run) (done bool) {
	switch {
	case order == nil || inside:
		return false
	case slices.Contains(order.Skip, name):
		return true
	}
	inside, exploring = true, name
	defer func() { inside = false }()
	// More than one processor would let those outside of the bubble run at the same time, and make it matter when.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	t := &test{name: name, prepare: prepare, sights: &sights{}}
	t.summary.Seed = order.Seed
	t.mechanism = newMechanism(prepare, t.sights)
	tell(drive.Event{Event: drive.Began, Test: name})
	if order.Mode == drive.Replay {
		t.replay()
	} else {
		t.explore()
	}
	return true
}

// tell writes an event. A process that cannot say what it finds must not go on.
func tell(e drive.Event) {
	if err := events.Send(e); err != nil {
		fmt.Fprintln(os.Stderr, "racewindow: the events cannot be written:", err)
		os.Exit(3)
	}
}

// A test is one that is explored.
type test struct {
	name      string
	prepare   func() Run
	sights    *sights
	mechanism func() sched.Mechanism
	summary   drive.PlainSummary
}

func (t *test) options() sched.Options {
	return sched.Options{
		Strategy: order.Strategy, Preemptions: order.Preemptions, Schedules: order.Schedules, Budget: order.Budget, Seed: order.Seed,
		Workers: 1, All: order.All, StepLimit: order.StepLimit, Hang: hang, RepeatEvery: 16,
	}
}

// hang is how long the code between two points may take.
const hang = 20 * time.Second

// explore looks whether the test can be explored, searches, and tells what it finds.
func (t *test) explore() {
	runner := sched.NewMechanismRunner(t.mechanism, t.options())
	first, ok := t.gate(runner)
	if !ok {
		t.end()
		return
	}
	o := t.options()
	o.Progress = t.progress
	var found sched.Result
	var err error
	switch {
	case first.Failure != nil && first.Failure.Kind != sched.StepLimit && !order.All:
		found.Findings = []sched.Finding{{Failure: first.Failure, Schedule: first.Schedule, Preemptions: 0, Strategy: "default", After: 1}}
		found.Schedules, found.Ended = 1, "the schedule without a switch fails"
	default:
		found, err = sched.SearchMechanism(context.Background(), t.mechanism, o)
	}
	if leak := t.sights.leak; leak != nil && t.sights.ended > t.sights.leaked && len(found.Findings) == 0 {
		found.Findings = []sched.Finding{{Failure: leak, Strategy: "default", After: 1, Count: t.sights.leaked}}
		found.Ended += "; the schedule without a switch leaks, and others do not"
		t.sights.leak = nil
	}
	t.summary.Statistics, t.summary.Exhausted, t.summary.Because = found.Statistics, found.Exhausted, found.Ended
	t.summary.Goroutines, t.summary.Running, t.summary.Findings = t.sights.threads, t.sights.running, len(found.Findings)
	for _, f := range found.Findings {
		t.found(f)
	}
	switch {
	case len(found.Findings) > 0:
		t.summary.Verdict = drive.FoundSome
	case err != nil:
		t.summary.Verdict, t.summary.Because = drive.Unjudged, err.Error()
		var failure *sched.Failure
		if !errors.As(err, &failure) && !errors.Is(err, sched.ErrNoVerdict) && !errors.Is(err, sched.ErrNoSchedule) && !errors.Is(err, sched.ErrUnjudged) {
			t.summary.Verdict = drive.Unrepeatable
		}
	case t.sights.skipped == found.Schedules+gateRuns:
		t.summary.Verdict = drive.SkippedItself
	default:
		t.summary.Verdict = drive.HeldAll
	}
	t.end()
}

// end tells what the exploration came to.
func (t *test) end() {
	if t.sights.leak != nil {
		t.summary.Leaks = []string{t.sights.leak.Class()}
	}
	code := map[string]int{drive.HeldAll: 0, drive.Sequential: 0, drive.SkippedItself: 0, drive.FoundSome: 1}
	exit, known := code[t.summary.Verdict]
	if !known {
		exit = 3
	}
	tell(drive.Event{Event: drive.Ended, Test: t.name, Code: exit, Plain: &t.summary})
}

func (t *test) progress(s sched.Statistics) {
	tell(drive.Event{Event: drive.Progress, Test: t.name, Text: fmt.Sprintf("%d schedules (%.0f/s), %d distinct", s.Schedules, s.Rate(), s.Distinct)})
}
