package harness

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/object"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

const (
	caseFlag = "racewindow.case"
	// RequireVariable, set to 1, makes a Check fail if its build is not instrumented, because it then cannot explore.
	RequireVariable = "RACEWINDOW_REQUIRE"
)

func init() {
	if !testing.Testing() {
		return
	}
	if flag.Lookup(caseFlag) == nil {
		flag.String(caseFlag, "", "the case that harness.Check executes instead of searching")
	}
	if flag.Lookup(drive.Flag) == nil {
		flag.String(drive.Flag, "", "what the command racewindow orders harness.Check to do")
	}
}

func flagged(name string) string {
	if f := flag.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

// The limits of the exploration under racewindow test: enough to find bugs that need few operations and one preemption.
const (
	shortSchedules  = 6000
	shortPerProgram = 120
	shortLastResort = 20 * time.Second
)

// Check searches for a program of several clients, and a schedule of it, in which the subject breaks a promise. It fails the
// test with a report: the fewest operations and preemptions, the timeline, the window, and the command that executes the
// case again.
//
// Under 'racewindow explore', Check does what the command says. Under 'racewindow test', it explores briefly, if the code
// has markers. In a plain 'go test', or if the code has none, it runs programs on goroutines for at most a second, and logs
// the command that explores; with RACEWINDOW_REQUIRE=1 it fails instead.
//
// Check keeps the cases that it finds in testdata/racewindow, in a folder named after the test, and executes them first the
// next time.
func Check[T any](t testing.TB, s Subject[T]) {
	t.Helper()
	if err := takeGoroutines(t); err != nil {
		t.Fatalf("harness.Check: %v", err)
		return
	}
	c, err := newChecking(t, s)
	if err != nil {
		t.Fatalf("harness.Check: %v", err)
		return
	}
	if c.instead != nil {
		c.replayInstead(c.instead)
		return
	}
	switch order := flagged(drive.Flag); {
	case flagged(caseFlag) != "":
		c.replay(flagged(caseFlag), 1)
	case order != "":
		c.driven(order)
	case failpoints.Instrumented():
		c.short()
	case os.Getenv(RequireVariable) == "1":
		t.Fatalf("harness.Check: %s=1, and this build is not instrumented, so nothing can be explored. Run:\n    %s", RequireVariable, c.command("test"))
	default:
		c.plain()
	}
}

func newChecking[T any](t testing.TB, s Subject[T]) (*checking, error) {
	instead, name := replayOf(t.Name())
	o, err := object.New(s.config(caseName(name)))
	c := &checking{t: t, name: name, instead: instead, object: o, sink: &drive.Sink{}, nth: nthOf(t.Name())}
	c.inPackage, c.importPath = callingPackage()
	return c, err
}

// A checking is one Check.
type checking struct {
	t      testing.TB
	name   string // of the test, without Replay
	object *object.Object
	sink   *drive.Sink
	order  drive.Order
	// nth is the number of this Check in its test; the first is 1.
	nth int
	// instead is the case that Replay executes, or nil. inPackage and importPath are the name and the import path of the
	// test's package.
	instead               *replayed
	inPackage, importPath string
	// unjudged counts the kept cases that could not be executed.
	unjudged int
	// withoutPlaces says that the code has no markers, so this build cannot reach the places in kept cases. unreached counts
	// the kept cases that name such places.
	withoutPlaces bool
	unreached     int
	// leftToCrash counts the kept cases that lose power, which a search without crashes does not execute.
	leftToCrash int
	// disk is a packed disk that belongs to the finding that is told next.
	disk []byte
	// shown holds the bugs that have been reported.
	shown []bug
}

// A bug tells one finding of a Check from another. Cases that show the same bug can differ in arguments and operations.
type bug struct{ class, shape string }

// knows says whether the bug that a finding shows has already been reported.
func (c *checking) knows(f explore.Finding) bool {
	parsed, err := cases.Parse(f.Case, cases.Only(c.object))
	if err != nil {
		return false
	}
	shape := report.ShapeOf(parsed, f.Report)
	return slices.ContainsFunc(c.shown, func(b bug) bool { return b.class == f.Report.Class && report.Alike(b.shape, shape) })
}

// command returns the command that runs the test again.
func (c *checking) command(verb string) string {
	return fmt.Sprintf("racewindow %s -run '%s'", verb, anchored(c.name))
}

// short explores briefly.
func (c *checking) short() {
	c.t.Helper()
	config := explore.Config{
		Subject: c.object, Name: c.name, PerProgram: shortPerProgram, Canary: true,
		Draw:   cases.Shape{Threads: 3, Operations: 3, Small: true},
		Search: sched.Options{Schedules: shortSchedules, Seed: 1, Budget: shortLastResort},
	}
	if testing.Short() {
		config.Search.Schedules /= 10
	}
	if c.unmarked(config) {
		if os.Getenv(RequireVariable) == "1" {
			c.t.Fatalf("harness.Check: %s=1, and the code has no markers, so this build explores nothing. Run:\n    %s", RequireVariable, c.command("explore"))
			return
		}
		c.t.Log("the code has no markers, so racewindow test explores none of it")
		if c.withoutPlaces = true; !c.saved() {
			c.plain()
		}
		return
	}
	c.saved()
	c.explore(config)
	if !c.t.Failed() {
		c.t.Logf("to explore further: %s", c.command("explore"))
	}
}

// markerPrograms is how many drawn programs are executed to find out whether any thread reaches a marker.
const markerPrograms = 100

// unmarked says whether the code has no markers. Then no thread can be interrupted in it, so each program has one schedule,
// and kept cases with the runtime's places seem outdated. A failure here is left to the search.
func (c *checking) unmarked(config explore.Config) bool {
	if !hasPoints() { // before anything is executed, because this would wait for an operation that waits
		return true
	}
	config.Canary, config.PerProgram, config.Search.Schedules = false, 1, markerPrograms
	summary, err := explore.Run(c.context(), config)
	return err == nil && summary.Verdict == explore.Held && len(summary.Statistics.Points) == 0
}

// hasPoints says whether any package of this binary, except the harness itself, has a marker or a typed wait.
func hasPoints() bool {
	own := reflect.TypeFor[object.Object]().PkgPath()
	return slices.ContainsFunc(failpoints.Points(), func(p *failpoints.Point) bool { return p.Package() != own })
}

// driven carries out an order of the command.
func (c *checking) driven(text string) {
	c.t.Helper()
	order, err := drive.Parse(text)
	if err != nil {
		c.t.Fatal(err)
		return
	}
	c.order = *order
	if order.Mode == drive.Killed {
		c.killed()
		return
	}
	if c.sink, err = drive.Open(order.Events); err != nil {
		c.t.Fatal(err)
		return
	}
	c.send(drive.Event{Event: drive.Began})
	if order.Mode != drive.List && !explorable() {
		c.refuse(3, "this build is not instrumented, so nothing can be explored: run it with racewindow")
		return
	}
	switch order.Mode {
	case drive.List:
		c.send(drive.Event{Event: drive.Ended})
	case drive.Replay:
		c.replay(order.Case, max(order.Times, 1))
	case drive.Report:
		c.report(order.Case, order.Shrink)
	case drive.Smallest:
		c.ofFreeRun(order.Program, order.Class)
	case drive.Stress:
		c.stress()
	case drive.Crash:
		c.crash()
	case drive.Kill:
		c.kill()
	case drive.Describe:
		c.describe()
	case drive.Explore:
		config, err := c.ordered()
		if err != nil {
			c.refuse(2, err.Error())
			return
		}
		c.saved()
		c.explore(config)
	default:
		c.refuse(2, fmt.Sprintf("a Check cannot %q", order.Mode))
	}
}

// ordered makes the settings of a search from the order.
func (c *checking) ordered() (explore.Config, error) {
	d := c.order
	config := explore.Config{
		Subject: c.object, Name: c.name, PerProgram: d.PerProgram, Canary: !d.NoCanary, Exhaustive: d.Exhaustive, Estimate: d.Exhaustive, DrawFaults: d.Faults,
		PerClass: d.PerClass,
		Draw:     cases.Shape{Threads: d.Threads, Operations: d.Operations, Small: true},
		Search: sched.Options{
			Strategy: d.Strategy, Preemptions: d.Preemptions, Schedules: d.Schedules, Budget: d.Budget, Seed: d.Seed, Workers: d.Workers,
			All: d.All, StepLimit: d.StepLimit, Reduced: d.Exhaustive && !d.EveryOrder && d.Preemptions >= sched.ReductionPays,
		},
		Progress: func(p explore.Progress) {
			c.send(drive.Event{
				Event: drive.Progress, Text: fmt.Sprintf("%s, %s of %s", p.Stage, columns.Count(p.Statistics.Schedules, "schedule"), columns.Count(p.Program, "program")),
				Done: &drive.Done{Counts: map[string]uint64{explore.CountSchedules: p.Statistics.Schedules, explore.CountPrograms: uint64(p.Program)}},
			})
		},
	}
	if d.Crash != "" {
		model, err := disks.ModelByName(d.Crash)
		if err != nil {
			return config, err
		}
		config.Crash = &cases.Crash{Any: true, Model: model}
	}
	if d.Program != "" {
		text := d.Program
		if !cases.IsText(text) {
			text = "v1 " + c.object.Head() + "; " + text
		}
		program, err := cases.ParseFile(text, cases.Only(c.object))
		if err != nil {
			return config, fmt.Errorf("--program: %w", err)
		}
		config.Program = &program
	}
	settle, err := c.object.Set(d.Set)
	if err != nil {
		return config, fmt.Errorf("--set: %w", err)
	}
	if config.Settle = settle; config.Program != nil {
		settle(config.Program)
	}
	return config, config.Search.Check()
}

// explore searches, keeps the findings and fails the test with them.
func (c *checking) explore(config explore.Config) {
	c.t.Helper()
	config.Found = c.sighted
	summary, err := explore.Run(c.context(), config)
	for _, f := range summary.Findings {
		if !c.order.Unkept && c.knows(f) { // with Unkept, the driving process keeps the findings and tells them apart
			c.t.Logf("this case shows the same bug again: %s", f.Case)
			continue
		}
		c.found(f.Report, f.Case, c.keep(f))
	}
	words := fmt.Sprintf("%s: %s: %s of %s, %s, seed %d; %s",
		summary.Verdict, config.Name, columns.Count(summary.Statistics.Schedules, "schedule"), columns.Count(summary.Programs, "program"),
		columns.Count(summary.Statistics.PartialOrders, "partial order"), summary.Seed, summary.Ended)
	for _, line := range summary.Lines(config) {
		words += "\n" + line
	}
	if c.leftToCrash > 0 {
		words += fmt.Sprintf("\n%s of a loss of power not executed: %s does that first", columns.Count(uint64(c.leftToCrash), "kept case"), c.command("crash"))
	}
	code := map[string]int{explore.Held: 0, explore.Violated: 1, explore.NoVerdict: 3}[summary.Verdict]
	if code == 3 {
		if err == nil {
			err = errors.New(summary.Because)
		}
		words += "\nno verdict: " + err.Error()
		c.t.Errorf("harness.Check: no verdict: %v", err)
	}
	if code == 0 && c.unjudged > 0 {
		code = 3
		words += fmt.Sprintf("\nno verdict: %d kept cases could not be executed", c.unjudged)
	}
	c.t.Log(words)
	data, _ := json.Marshal(summary) // a summary holds only what JSON can hold
	done := summary.Done()
	c.send(drive.Event{Event: drive.Ended, Text: words, Code: code, Summary: data, Done: &done})
}

// sighted sends a finding to the command before it is made smaller.
func (c *checking) sighted(f *sched.Failure, found cases.Case) {
	words := drive.SightedWords(f.Class(), len(found.Switches))
	c.send(drive.Event{Event: drive.Sighted, Text: words, Case: found.String()})
	c.t.Logf("%s: %s", words, found)
}

// context returns a context that ends with the test.
func (c *checking) context() context.Context {
	if with, ok := c.t.(interface{ Context() context.Context }); ok {
		return with.Context()
	}
	return context.Background()
}

// replay executes one case. It fails the test if the case fails, or cannot be executed as written.
func (c *checking) replay(text string, times int) {
	c.t.Helper()
	parsed, err := cases.ParseFile(text, cases.Only(c.object))
	if err != nil {
		c.refuse(2, err.Error())
		return
	}
	if !explorable() {
		c.refuse(3, "this build is not instrumented, so no schedule can be followed: run\n    "+c.command("test")+" -"+caseFlag+"=CASE")
		return
	}
	failed, r := 0, (*report.Report)(nil)
	for range times {
		if r, err = report.OfCase(parsed); err != nil {
			c.refuse(3, err.Error())
			return
		}
		if r.Verdict == report.Violated {
			failed++
		}
	}
	if failed > 0 {
		c.found(r, parsed.String(), "")
	}
	words := fmt.Sprintf("failed %d of %d times: %v", failed, times, parsed)
	if failed == 0 {
		words = fmt.Sprintf("held %d of %d times: %v", times, times, parsed)
	}
	c.t.Log(words)
	c.send(drive.Event{Event: drive.Ended, Text: words, Code: min(failed, 1)})
}

// report reports a case, whether it fails or not. If smaller is set, it first looks for the smallest case.
func (c *checking) report(text string, smaller bool) {
	c.t.Helper()
	parsed, err := cases.ParseFile(text, cases.Only(c.object))
	if err != nil {
		c.refuse(2, err.Error())
		return
	}
	var r *report.Report
	if smaller {
		r, err = explore.Smallest(c.context(), parsed, nil)
	} else {
		r, err = report.OfCase(parsed)
	}
	if err != nil {
		c.refuse(3, err.Error())
		return
	}
	r.Package = c.inPackage
	c.withFlags(r)
	c.send(drive.Event{Event: drive.Made, Case: r.Case, Report: encoded(r)})
	c.send(drive.Event{Event: drive.Ended})
}

// withFlags adds the flags that the command was given to the replay command of a report.
func (c *checking) withFlags(r *report.Report) {
	const replay = "racewindow replay "
	if flags := c.order.ReplayFlags; flags != "" && !strings.Contains(r.Replay, replay+flags) {
		r.Replay = strings.Replace(r.Replay, replay, replay+flags+" ", 1)
	}
	if of := " " + c.importPath; c.order.Named && strings.HasPrefix(r.Replay, replay) && !strings.HasSuffix(r.Replay, of) {
		r.Replay += of
	}
}

// encoded returns a report as JSON (report.Schema).
func encoded(r *report.Report) json.RawMessage {
	var data bytes.Buffer
	if format, err := report.FormatByName("json"); err == nil {
		_ = format.Write(&data, r) // a Buffer never fails
	}
	return bytes.TrimSpace(data.Bytes())
}

// found fails the test with a report, and with more text after it.
func (c *checking) found(r *report.Report, text, kept string, more ...string) {
	c.t.Helper()
	c.tell(drive.Found, r, text, kept, more...)
}

// tell is found for any kind of event.
func (c *checking) tell(event string, r *report.Report, text, kept string, more ...string) {
	c.t.Helper()
	r.Package = c.inPackage
	c.withFlags(r)
	if r.Class == string(sched.DataRace) && text != "" {
		r.Replay += " --race"
	}
	var b strings.Builder
	_ = r.WriteText(&b, cmp.Or(c.order.Columns, 100), report.Palette{}) // a Builder never fails
	if kept != "" {
		fmt.Fprintf(&b, "kept: %s\n", kept)
	}
	if r.Stack != "" && r.Class != string(sched.DataRace) { // the race detector prints a race itself
		more = append(more, r.Stack)
	}
	for _, words := range more {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(words, "\n"))
	}
	c.t.Error("\n" + b.String())
	e := drive.Event{Event: event, Text: b.String(), Code: 1, Case: text, Kept: kept, Report: encoded(r), Disk: c.disk}
	c.disk = nil
	if parsed, err := cases.Parse(r.Case, cases.Only(c.object)); err == nil { // a report of a failure without an execution has no case
		e.Shape, e.Size = report.ShapeOf(parsed, r), report.SizeOf(parsed)
		c.shown = append(c.shown, bug{r.Class, e.Shape})
	}
	c.send(e)
}

// refuse fails the test because it cannot do what was asked.
func (c *checking) refuse(code int, why string, uses ...string) {
	c.t.Helper()
	c.send(drive.Event{Event: drive.Refused, Text: why, Code: code, Uses: uses})
	c.t.Fatalf("harness.Check: %s", why)
}

// send sends an event to the command. A command that no longer listens does not fail the test.
func (c *checking) send(e drive.Event) {
	e.Package, e.Test = c.importPath, c.t.Name()
	_ = c.sink.Send(e)
}
