// Plain tests are those that call no harness.Check. They are explored unmodified, on the runtime with hooks (package plain).

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/results"
	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/sched"
)

// A plainRun carries out one order with the plain tests of some packages.
type plainRun struct {
	verb      string
	pattern   string // go test's -run
	packages  []plain.Package
	flags     []string // of the go command
	race      bool     // with the race detector
	debug     bool     // compile for a debugger, which will execute the same binary
	brief     bool     // print a finding as one line
	order     drive.Order
	unjudged  bool          // a test without a verdict is no failure
	timing    bool          // nor is a finding that needs a timer to fire early
	folder    string        // for the reports of findings; "" for none
	processes int           // at the same time
	whole     time.Duration // for all tests together, 0 for no such bound
	timeout   time.Duration // of one package's tests, 0 for none
	tell      *teller
	out       io.Writer
	screen    *os.File

	session  *plain.Session // nil before run
	line     *progressLine
	status   atomic.Value  // what is being done
	kept     []drive.Event // for --json
	counts   map[string]int
	findings map[string][]results.Finding // by package and test
	texts    map[string]string
	began    map[string]time.Time
	problems []error
	claims   bool // some bound was exhausted, so the conditions of that claim are printed
	timed    bool // some search ended with its time, so what that promises is printed
	passed   map[string]uint64
	told     string // the package whose findings cannot be kept, as was said
}

// run explores one package after the other. Its error gives the exit code.
func (r *plainRun) run(ctx context.Context) error {
	r.counts, r.findings, r.passed = map[string]int{}, map[string][]results.Finding{}, map[string]uint64{}
	r.texts, r.began = map[string]string{}, map[string]time.Time{}
	session, err := openSession(ctx, "", environment.Full())
	var unsupported *runtime.UnsupportedError
	var unfit *runtime.UnfitError
	switch {
	case errors.As(err, &unsupported), errors.As(err, &unfit):
		return r.notHere(ctx, err)
	case err != nil:
		return err
	}
	r.race = r.race || session.Toolchain.Race(r.flags)
	session.Flags, session.Order, session.Run, session.Race = r.flags, r.order, r.pattern, r.race
	session.ForDebugger, r.session = r.debug, session
	session.Processes, session.Timeout = r.processes, r.timeout
	if r.whole > 0 {
		session.Share = plain.NewShare(r.whole*time.Duration(max(r.processes, 1)), testsOf(r.packages))
	}
	known := "tested with its files"
	if !session.Patch.Tested {
		known = "untested with its files"
	}
	detector := ""
	if r.race {
		detector = ", with the race detector"
	}
	if len(r.packages) > 0 && r.tell.stream != nil {
		r.tell.began(r.packages[0].ImportPath)
	}
	fmt.Fprintf(r.out, "plain tests: mechanism runtime, %s %s/%s, %s%s\n", session.Toolchain.Version, session.Toolchain.OS, session.Toolchain.Arch, known, detector)
	for _, p := range r.packages {
		if len(p.Fuzz) > 0 && r.verb != "replay" {
			fmt.Fprintf(r.out, "not explored: fuzz targets of %s: %s; call one from a test with one input, and explore that\n", p.ImportPath, strings.Join(p.Fuzz, ", "))
		}
	}
	r.line = newProgressLine(r.verb)
	if r.tell.stream != nil {
		r.line.out = io.Discard // readers of the stream take other lines for errors
	}
	session.Event = r.event
	r.status.Store("begins")
	stop := r.line.during(func() string { return r.status.Load().(string) })
	for _, p := range r.packages {
		r.status.Store(building(session.Cache, p))
		r.tell.began(p.ImportPath)
		if err := session.Explore(ctx, p); err != nil {
			r.tell.failed(err)
			if ctx.Err() != nil {
				stop()
				return r.conclude(fmt.Errorf("interrupted: %w", context.Cause(ctx)))
			}
			r.problems = append(r.problems, err)
		}
	}
	stop()
	return r.conclude(nil)
}

// building is the status while the tests of a package are built. The first build takes a minute, and says why.
func building(cache runtime.Cache, p plain.Package) string {
	if cache.Empty() {
		return "building Go's standard library, once, and " + p.ImportPath
	}
	return "building " + p.ImportPath
}

// testsOf counts the plain tests of packages.
func testsOf(packages []plain.Package) (n int) {
	for _, p := range packages {
		n += len(p.Tests)
	}
	return n
}

// event handles one event of a test binary.
func (r *plainRun) event(p plain.Package, e drive.Event) {
	e.Package = p.ImportPath
	at := p.ImportPath + " " + e.Test
	switch e.Event {
	case drive.Began:
		r.status.Store(p.ImportPath + ": " + e.Test)
		r.began[at] = time.Now()
		r.tell.testBegan(p.ImportPath, e.Test)
	case drive.Progress:
		r.status.Store(p.ImportPath + ": " + e.Test + ": " + e.Text)
	case drive.Again:
		if e.Code != 0 {
			r.problems = append(r.problems, errors.New(e.Text))
		} else {
			r.say(p, e.Test, e.Text+"\n")
		}
	case drive.Sighted:
		r.say(p, e.Test, e.Sighting()+"\n")
	case drive.Abandoned:
		r.say(p, e.Test, r.abandoned(p, &e))
	case drive.Found:
		r.say(p, e.Test, r.found(p, &e))
		r.kept = append(r.kept, e)
	case drive.Ended:
		r.ended(p, e)
	}
}

// say prints a text about a test, or adds it to the stream.
func (r *plainRun) say(p plain.Package, test, text string) {
	r.texts[p.ImportPath+" "+test] += text
	r.tell.said(p.ImportPath, test, text)
	if r.tell.stream == nil {
		r.line.aside(func() { fmt.Fprint(r.out, fitting(r.screen, text)) })
	}
}

// ended records and prints the result of a test.
func (r *plainRun) ended(p plain.Package, e drive.Event) {
	at, verdict := p.ImportPath+" "+e.Test, e.Plain.Verdict
	r.counts[verdict]++
	r.claims = r.claims || verdict == drive.HeldAll && len(e.Plain.Exhausted) > 0
	r.timed = r.timed || strings.HasPrefix(e.Plain.Because, sched.TimeIsUp) || e.Plain.Timing != nil && strings.HasPrefix(e.Plain.Timing.Because, sched.TimeIsUp)
	r.kept = append(r.kept, e)
	for _, c := range e.Plain.Statistics.Points {
		r.passed[c.Point] += c.Count
	}
	if r.verb != "replay" || e.Code == exitFailed {
		r.say(p, e.Test, inFlags(closing(e, r.race)))
	}
	r.tell.ended(results.Result{
		Package: p.ImportPath, Test: e.Test, Outcome: outcomeOf(e.Plain, r.findings[at], r.unjudged), Verdict: verdict, Text: r.texts[at],
		Elapsed: took(r.began[at]), Findings: r.findings[at],
	})
}

// closing is the text after a test's reports: its verdict and what was done.
func closing(e drive.Event, race bool) string {
	s := e.Plain
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s", s.Verdict, e.Test)
	if t := s.Timing; s.Verdict == drive.FoundSome && t != nil && t.Findings == s.Findings {
		text.WriteString(": only where timers may fire early; where time passes when all wait") // the figures that follow belong to the search that held
	}
	switch st := s.Statistics; {
	case (s.Verdict == drive.HeldAll || s.Verdict == drive.FoundSome) && st.Steps > 0:
		fmt.Fprintf(&text, ": %s in %.1f s (%.0f/s), %d distinct, %s, up to %s, seed %d; %s", columns.Count(st.Schedules, "schedule"),
			st.Duration.Seconds(), st.Rate(), st.Distinct, columns.Count(st.PartialOrders, "partial order"), columns.Count(s.Goroutines, "goroutine"), s.Seed, s.Because)
	default:
		fmt.Fprintf(&text, ": %s", s.Because)
	}
	if race && s.Verdict == drive.HeldAll {
		text.WriteString("; no race was reported") // the detector forgets, so it may have missed one
	}
	text.WriteString("\n")
	if l := s.Losses; l != nil {
		fmt.Fprintf(&text, "power: %s lost it after each of up to %s in each schedule, and recovered from up to %s\n",
			e.Test, columns.Count(l.Operations, "operation"), columns.Count(l.Disks, "disk"))
	}
	if s.Apart != "" {
		fmt.Fprintf(&text, "apart: each schedule of %s had a process of its own, because %s\n", e.Test, s.Apart)
	}
	if s.Strayed != "" {
		n := s.Statistics.Strayed
		if s.Timing != nil {
			n += s.Timing.Statistics.Strayed
		}
		fmt.Fprintf(&text, "strayed: %d schedules of %s went another way when they were executed again, so no bound is claimed; the first: %s\n", n, e.Test, s.Strayed)
	}
	if n := s.Statistics.Unknown; n > 0 {
		fmt.Fprintf(&text, "unknown: %d schedules of %s did not end within the step limit, and say nothing\n", n, e.Test)
	}
	if n := len(s.Exhausted); n > 0 && s.Verdict == drive.HeldAll {
		fmt.Fprintf(&text, "exhausted: all %s of %s%s\n", exhausted(s.Exhausted[n-1]), e.Test, atLast(s.OneOrder))
	}
	if timing := s.Timing; timing != nil {
		fmt.Fprintf(&text, "timing: %d schedules of %s in which timers may fire early, %s found by that search alone; %s\n", timing.Statistics.Schedules, e.Test, numberOf(timing.Findings), timing.Because)
		if n := len(timing.Exhausted); n > 0 && s.Verdict != drive.FoundSome {
			fmt.Fprintf(&text, "exhausted: all %s of %s in which a timer that fires early counts as a preemption%s\n", exhausted(timing.Exhausted[n-1]), e.Test, atLast(timing.OneOrder))
		}
	}
	if f := s.First; f != nil {
		fmt.Fprintf(&text, "first: %d schedules of %s, each the first of a process, %s; %s. They take another way than later ones: %s\n", f.Statistics.Schedules, e.Test, f.Verdict, f.Because, f.Differs)
	}
	for _, l := range s.Leaks {
		fmt.Fprintf(&text, "leaks: %s leaks in every schedule (%s); --leaks always counts that as found\n", e.Test, l)
	}
	if s.Running != "" {
		fmt.Fprintf(&text, "still running after %s: %s\n", e.Test, s.Running)
	}
	return text.String()
}

// numberOf prints a number, and 0 as "nothing".
func numberOf(n int) string {
	if n == 0 {
		return "nothing"
	}
	return fmt.Sprint(n)
}

// atLast says which part of each schedule a claim does not cover.
func atLast(oneOrder bool) string {
	if !oneOrder {
		return ""
	}
	return ", except for what goroutines do long after its end"
}

// exhausted says which schedules were all executed.
func exhausted(x sched.Exhausted) string {
	which := sched.Within(x.Bound, "")
	if x.Complete {
		which = "that there are"
	}
	return fmt.Sprintf("%d schedules %s", x.Schedules, which)
}

// conditions states what every claim of an exhausted bound assumes.
func (r *plainRun) conditions() string {
	without := ""
	if len(r.order.Atomic) > 0 {
		without = ", except those in " + strings.Join(r.order.Atomic, ", ") + ","
	}
	return "A bound is exhausted on these conditions: each operation of sync, sync/atomic, channels, files and connections that the code under test calls" + without +
		" is a place for a switch; the code between two of them is one step; time passes only when all wait, unless timers may fire early; and random numbers are the same each time.\n"
}

// ofTime says what a search that its time ended promises, if there was one.
func (r *plainRun) ofTime() string {
	if !r.timed {
		return ""
	}
	return ofTime
}

// uncheckedMemory says that nothing checked the uses of shared memory, if tests held without the race detector.
func (r *plainRun) uncheckedMemory() string {
	if r.race || r.counts[drive.HeldAll] == 0 {
		return ""
	}
	return "uses of shared memory without sync, sync/atomic or channels are no places for a switch; --race looks for them\n"
}

// noisiest names the five points that were passed most often, for --atomic; "" if there are none.
func (r *plainRun) noisiest() string {
	names := slices.SortedFunc(maps.Keys(r.passed), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.passed[b], r.passed[a]), strings.Compare(a, b))
	})
	var words []string
	for _, name := range names[:min(len(names), 5)] {
		words = append(words, fmt.Sprintf("%s (%d)", name, r.passed[name]))
	}
	if len(words) == 0 {
		return ""
	}
	return "noisiest points: " + strings.Join(words, ", ") + "; --atomic PACKAGE leaves out those of a package\n"
}

// conclude prints the totals, and returns the error that gives the exit code.
func (r *plainRun) conclude(failed error) error {
	n := 0
	for _, count := range r.counts {
		n += count
	}
	if r.claims {
		fmt.Fprint(r.out, fitting(r.screen, r.conditions()))
	}
	if r.verb == "explore" && n > 0 {
		fmt.Fprint(r.out, fitting(r.screen, r.ofTime()+r.uncheckedMemory()+r.noisiest()+r.tell.knownLines()))
	}
	if n > 1 {
		var words []string
		for _, verdict := range []string{drive.FoundSome, drive.HeldAll, drive.Sequential, drive.SkippedItself, drive.Unrepeatable, drive.Unjudged} {
			if c := r.counts[verdict]; c > 0 {
				words = append(words, fmt.Sprintf("%d %s", c, verdict))
			}
		}
		fmt.Fprintf(r.out, "%d plain tests: %s\n", n, strings.Join(words, ", "))
	}
	r.tell.over()
	return r.exit(errors.Join(append([]error{failed}, r.problems...)...), n)
}

// exit is the error that gives the exit code. A finding comes before everything else. n is how many tests ended.
func (r *plainRun) exit(failed error, n int) error {
	var build *runtime.BuildError
	var flag *runtime.FlagError
	notJudged := r.counts[drive.Unrepeatable] + r.counts[drive.Unjudged]
	switch {
	case r.tell.unknown() > 0:
		return violated(failed)
	case errors.As(failed, &build), errors.As(failed, &flag):
		return usageError{failed}
	case failed != nil:
		return failed
	case n == 0:
		return fmt.Errorf("no verdict: -run %q matches no plain test", r.pattern)
	case notJudged > 0 && !r.unjudged:
		return fmt.Errorf("no verdict on %d of %d plain tests (--unjudged=ok accepts that)", notJudged, n)
	}
	return nil
}

// selected are the packages with plain tests that the pattern selects, each with those tests alone.
func selected(packages []plain.Package, pattern string) (with []plain.Package, err error) {
	for _, p := range packages {
		p.Tests, err = p.Matching(pattern)
		if err != nil {
			return nil, usageError{fmt.Errorf("--run %s: %w", pattern, err)}
		}
		if len(p.Tests) > 0 {
			with = append(with, p)
		}
	}
	return with, nil
}

// plainOf finds the package of a plain test, or of the plain test that a sub-test belongs to.
func plainOf(packages []plain.Package, test string) (p plain.Package, is bool) {
	for _, p := range packages {
		if slices.Contains(p.Tests, topOf(test)) {
			return p, true
		}
	}
	return plain.Package{}, false
}
