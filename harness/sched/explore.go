package sched

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/racewindow/racewindow/failpoints"
)

const (
	replayFlag = "racewindow.replay"
	hangFlag   = "racewindow.hang"
	// noSwitch is the schedule without a switch on the command line, where "" means that none was given.
	noSwitch = "-"
)

func init() {
	if testing.Testing() && flag.Lookup(replayFlag) == nil {
		flag.Duration(hangFlag, 10*time.Second, "how long the code between two failpoints may take in sched.Explore, where the options do not say")
		flag.String(replayFlag, "", "the schedule that sched.Explore executes instead of searching; - for the one without a switch")
	}
}

// Explore searches the schedules of a scenario and fails the test when one of them fails: with the failure, the schedule in its
// short form, what each thread did, and the command that executes that schedule again. Without a limit in the options it takes
// at most 2 s and 2,000 schedules.
//
// The command sets the flag -racewindow.replay; every Explore in the tests that run then executes only that schedule.
//
// A test that executed no schedule fails. So does one in which no thread came to any failpoint, because then nothing was
// explored: its build is not instrumented (run racewindow test), or the code has no markers (Options.NoFailpoints).
func Explore(t testing.TB, o Options, s Scenario) {
	t.Helper()
	if !failpoints.Instrumented() && !o.NoFailpoints {
		t.Fatalf("sched.Explore: this build is not instrumented, so nothing can be explored. Run:\n    racewindow test -run %s", quoted(testPattern(t.Name())))
		return
	}
	o.test = t.Name()
	if o.Hang == 0 {
		o.Hang = hangAsked()
	}
	if text, given := replayAsked(); given {
		replayOnly(t, o, s, text)
		return
	}
	if o.Schedules == 0 && o.Budget == 0 && !o.exhaustive() {
		o.Schedules, o.Budget = 2000, 2*time.Second
	}
	r, err := Search(t.Context(), s, o)
	if err != nil && len(r.Findings) == 0 {
		t.Fatalf("sched.Explore: %v", err)
		return
	}
	if err != nil { // the findings made before the error are reported too
		t.Errorf("sched.Explore: %v", err)
	}
	t.Logf("explored %d schedules, %d distinct, %d partial orders, at %d points: %s%s",
		r.Schedules, r.Distinct, r.PartialOrders, len(r.Points), r.Ended, r.unknown(o))
	if words := r.UndeclaredWords(); words != "" {
		t.Logf("%s", words)
	}
	switch {
	case !o.exhaustive() || len(r.Findings) > 0 || r.ExhaustedTo(o.Preemptions):
	case len(r.Exhausted) == 0:
		t.Errorf("sched.Explore: %q could claim nothing: %s; raise Budget or Schedules", o.Strategy, r.Ended)
	default:
		t.Logf("NOT exhausted: some schedules %s were not executed", Within(o.Preemptions, o.Strategy))
	}
	for _, f := range r.Findings {
		how := fmt.Sprintf("found by %s after %d schedules", f.Strategy, f.After)
		runner := NewRunner(s, o)
		if f.Failure.Kind != DataRace { // Go's detector reports equal races once per process
			if len(f.Schedule) > 0 { // what follows may take seconds
				t.Logf("found, and being made smaller: %v\nreplay: %s", f.Failure, replayCommand(t.Name(), f.Schedule))
			}
			small := runner.Shrink(f.Schedule)
			if small.Failure != nil && len(small.Schedule) < len(f.Schedule) {
				how += fmt.Sprintf(", shrunk from %d switches", len(f.Schedule))
				f.Failure, f.Schedule, f.Preemptions = small.Failure, small.Schedule, small.Preemptions
			}
			if small.Early {
				how += "; shrinking ended early, so a smaller one may do"
			}
		}
		out := runner.Replay(f.Schedule, true)
		t.Errorf("%s", failed{t.Name(), f.Failure, f.Schedule, f.Preemptions, out.Events}.report(how))
	}
	if len(r.Points) > 0 && len(r.Silent) > 0 && len(r.Findings) == 0 && !o.NoFailpoints {
		t.Errorf("sched.Explore: %s came to no failpoint in any of %d schedules, so that nothing was interleaved with what is done there. "+
			"Hand the context of the thread's own T to the code under test, or put a marker into it (or, if that is meant, set Options.NoFailpoints)", threadsNamed(r.Silent), r.Schedules)
	}
	if len(r.Points) == 0 && len(r.Findings) == 0 && !o.NoFailpoints {
		t.Errorf("sched.Explore: no thread came to a failpoint, so nothing was explored. Build instrumented:\n    racewindow test -run %s",
			quoted(testPattern(t.Name())))
	}
}

// unknown says how many schedules came to the step limit, so that they say nothing.
func (s Statistics) unknown(o Options) string {
	if s.Unknown == 0 {
		return ""
	}
	o, _ = o.withDefaults()
	return fmt.Sprintf("; %s did not end within %d choices and say nothing: raise Options.StepLimit", counted(int(s.Unknown), "schedule", "schedules"), o.StepLimit)
}

// replayAsked is the flag's value.
func replayAsked() (text string, given bool) {
	if f := flag.Lookup(replayFlag); f != nil {
		text = f.Value.String()
	}
	return text, text != ""
}

func threadsNamed(names []string) string {
	if len(names) == 1 {
		return "thread " + names[0]
	}
	return "threads " + strings.Join(names, ", ")
}

// hangAsked is the flag's value, 0 if there is no such flag: the default of the options.
func hangAsked() time.Duration {
	if f := flag.Lookup(hangFlag); f != nil {
		if d, ok := f.Value.(flag.Getter).Get().(time.Duration); ok {
			return d
		}
	}
	return 0
}

func replayOnly(t testing.TB, o Options, s Scenario, text string) {
	t.Helper()
	if file := os.Getenv("RACEWINDOW_REPLAYED"); file != "" { // racewindow test checks whether any test came here
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Errorf("sched.Explore: tell racewindow test of the replay: %v", err)
		}
	}
	if text == noSwitch {
		text = ""
	}
	schedule, err := ParseSchedule(text)
	if err != nil {
		t.Fatalf("-%s: %v", replayFlag, err)
		return
	}
	if err := o.Check(); err != nil {
		t.Fatalf("sched.Explore: %v", err)
		return
	}
	out := NewRunner(s, o).Replay(schedule, true)
	if out.Failure == nil && !o.NoFailpoints && !slices.ContainsFunc(out.Events, func(e Event) bool { return e.Point }) {
		t.Errorf("sched.Explore: no thread came to a failpoint in what was replayed, so that it shows nothing. Build instrumented: racewindow test")
		return
	}
	if out.Failure == nil {
		t.Logf("replayed: everything held\n%s", timeline(out.Events))
		return
	}
	t.Errorf("%s", failed{t.Name(), out.Failure, schedule, out.Preemptions, out.Events}.report("replayed"))
}

// A failed schedule is what a test reports.
type failed struct {
	test        string
	failure     *Failure
	schedule    Schedule
	preemptions int
	events      []Event
}

func (f failed) report(how string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "FAIL %v\n", f.failure)
	fmt.Fprintf(&text, "     %s, %s; %s\n", counted(len(f.schedule), "switch", "switches"), counted(f.preemptions, "preemption", "preemptions"), how)
	fmt.Fprintf(&text, "replay: %s%s\n", replayCommand(f.test, f.schedule), f.which())
	text.WriteString(timeline(f.events))
	if f.failure.Note != "" {
		fmt.Fprintf(&text, "note: %s\n", f.failure.Note)
	}
	if f.failure.Stack != "" {
		text.WriteString(f.failure.Stack)
	}
	return text.String()
}

// which returns, as a shell comment, what the error knows beyond the schedule: which of the possible disks a loss of power left,
// say. The replay comes to the same one.
func (f failed) which() string {
	var known interface{ Which() string }
	if !errors.As(f.failure.Err, &known) {
		return ""
	}
	return " # " + strings.Join(strings.Fields(known.Which()), " ")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// replayCommand is the command that executes a schedule of a test again.
func replayCommand(test string, s Schedule) string {
	words := []string{"go", "test"}
	if len(failpoints.Spliced()) > 0 {
		words = []string{"racewindow", "test"}
	}
	if raceEnabled {
		words = append(words, "-race")
	}
	text := s.String()
	if text == "" {
		text = noSwitch
	}
	return strings.Join(append(words, "-run", quoted(testPattern(test)), "-"+replayFlag+"="+quoted(text)), " ")
}

// testPattern matches one test, or subtest, and no other.
func testPattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// quoted is one word for a shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
