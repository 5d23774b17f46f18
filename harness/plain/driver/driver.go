package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// order is the command's order. It is nil in a process without one, such as one that a test starts: there, tests run as
// usual.
var (
	order  *drive.Order
	events = &drive.Sink{}
	inside bool // a test is being explored; the runs and sub-tests inside it are not
	spent  bool // a test left something in the process, so the others need another process
)

// Start reads the order. It is called before any test runs.
func Start() {
	text := os.Getenv(drive.Variable)
	if text == "" {
		return
	}
	_ = os.Unsetenv(drive.Variable) // it is set
	rememberStart()
	var err error
	if order, err = drive.OfEnvironment(text); err == nil {
		events, err = drive.Open(order.Events)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "racewindow:", err)
		os.Exit(2)
	}
	ownPackage = strings.Fields(order.Own)
	forgetDetector()
	if order.Trail != "" {
		if trail, err = openTrail(order.Trail); err != nil {
			fmt.Fprintln(os.Stderr, "racewindow: the choices cannot be recorded:", err)
			os.Exit(3)
		}
	}
	debug.SetGCPercent(muchGarbage)
	debug.SetMaxStack(maxStack) // with the default, an endless recursion fills four times as much, in each execution that shows it
	sched.OnHang(func(report string) {
		tell(drive.Event{Event: drive.Refused, Test: exploring, Text: report, Code: 3})
	})
}

var (
	exploring string       // the name of the test that is being explored
	ports     []int        // the file descriptors at which the process listened before that test
	trail     *sched.Trail // of the choices in this process; nil for none
)

// mostChoices is how many choices of one execution fit in the trail.
const mostChoices = 1 << 18

// Test is called before a test's function runs. done says that Test has carried out the order with the test. prepare
// prepares an execution of the whole test, or of one sub-test alone if only names one.
func Test(name string, prepare func(only string) Run) (done bool) {
	switch {
	case order == nil || inside:
		return false
	case spent, slices.Contains(order.Skip, name):
		return true
	}
	inside, exploring, ports = true, name, listeners()
	defer func() { inside = false }()
	// With more than one processor, goroutines outside of the bubble would run in parallel, and their timing would
	// matter.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if order.Mode == drive.Serve {
		newTest(name, order.Test, prepare).serve()
		return true
	}
	tell(drive.Event{Event: drive.Began, Test: name})
	if order.Mode == drive.Replay || order.Test != "" {
		newTest(name, order.Test, prepare).carryOut()
		return true
	}
	all, first := units(name, prepare)
	warm := wayOf(first)
	left := false
	for _, unit := range all {
		if spent || slices.Contains(order.Skip, unit) {
			continue
		}
		left = true
		t := newTest(name, unit, prepare)
		if exploring = unit; unit != name {
			tell(drive.Event{Event: drive.Began, Test: unit})
		} else {
			t.warm = &warm
		}
		t.share = len(all)
		t.carryOut()
	}
	if !left {
		tell(drive.Event{Event: drive.Passed, Test: name})
	}
	return true
}

// carryOut carries out the order with the test.
func (t *test) carryOut() {
	if order.Apart != drive.ApartNone && !order.Debugger {
		t.apart(order.Apart)
	}
	if order.After != "" {
		t.hint = lastExecution(order.After)
	}
	if order.Mode == drive.Replay || order.Mode == drive.Report {
		t.replay()
	} else {
		t.explore()
	}
	if t.pool != nil {
		t.pool.close()
		spent = order.Apart == drive.ApartNone
	}
}

// tell writes an event. A process that cannot report what it finds must not go on.
func tell(e drive.Event) {
	if err := events.Send(e); err != nil {
		fmt.Fprintln(os.Stderr, "racewindow: the events cannot be written:", err)
		os.Exit(3)
	}
}

// lastExecution returns a strategy that repeats the execution in which a process ended; nil if the process did not record
// all of it.
func lastExecution(file string) sched.Strategy {
	memory, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	_, again, err := sched.ParseTrail(memory)
	if err != nil {
		return nil
	}
	return again
}

// A test is a test or sub-test that is explored.
type test struct {
	name      string
	whole     string // the test that it is a sub-test of, or the test itself
	prepare   func() Run
	sights    *sights
	mechanism func() sched.Mechanism
	timed     func() sched.Mechanism // makes one in which timers are choices
	summary   drive.PlainSummary
	share     int            // the test gets 1/share of what the order allows
	warm      *way           // of an execution before the gate, nil if there was none
	usual     way            // of the schedule without a switch
	gated     uint64         // executions of the gate
	hint      sched.Strategy // a strategy to try first, nil for none
	how       string         // how schedules are executed, as in drive.Order.Apart
	pool      *pool          // of processes; nil if schedules do not run in processes of their own
	kept      string         // the file of the kept schedule that has failed, "" for none
	said      []drive.Event  // about kept schedules that hold
	gone      []goneCase
	unshown   string        // a finding that fresh processes do not show again; "" for none
	strayed   string        // what differed in the first schedule that did not repeat in a process of its own; "" for none
	strays    uint64        // how many schedules strayed
	lazy      string        // how the first execution in the process differed from later ones; "" if it did not
	first     bool          // the search for what only first executions show
	shrunk    time.Duration // how long findings have been made smaller
}

// newTest makes a test, or one of its sub-tests if unit names one.
func newTest(name, unit string, prepare func(only string) Run) *test {
	t := &test{name: name, whole: name, sights: &sights{}, share: 1}
	t.prepare = func() Run { return prepare("") }
	if strings.HasPrefix(unit, name+"/") {
		t.name = unit
		t.prepare = func() Run { return prepare(unit) }
	}
	t.summary.Seed = order.Seed
	t.mechanism, t.timed = newMechanism(t.prepare, t.sights, false), newMechanism(t.prepare, t.sights, true)
	return t
}

func (t *test) options() sched.Options {
	o := sched.Options{
		Strategy: order.Strategy, Preemptions: order.Preemptions, Schedules: order.Schedules, Budget: order.Budget / time.Duration(t.share), Seed: order.Seed,
		Workers: 1, All: order.All, StepLimit: order.StepLimit, Hang: hangs(), RepeatEvery: 16, Trail: trail,
	}
	if t.inProcesses() {
		o.Hang, o.Trail, o.Strays = hangApart, nil, true
	}
	if t.first {
		o.Schedules, o.Budget = min(mostFirst, cmp.Or((o.Schedules+3)/4, mostFirst)), o.Budget/4
	}
	if t.share > 1 && o.Schedules > leastSchedules {
		o.Schedules = max(o.Schedules/t.share, leastSchedules)
	}
	return o
}

// leastSchedules is the fewest schedules of a sub-test, if the order allows as many.
const leastSchedules = 64

// hangs is how long the code between two points may take.
func hangs() time.Duration {
	if order.Hang > 0 {
		return order.Hang
	}
	return 20 * time.Second
}

// maxStack is the largest stack of a goroutine, in bytes.
const maxStack = 256 << 20

// hangApart is how long a process may take to start, to reach the test, and to warm up.
const hangApart = 10 * time.Minute

// explore checks whether the test can be explored, searches, and reports what it finds. If executions in one process cannot be
// repeated, it starts again with a process for each schedule.
func (t *test) explore() {
	strays := t.search()
	if strays != "" && !t.inProcesses() {
		if left := relative(RemoveLeft()); left != "" {
			strays += ". Executions leave files behind, which the next one finds: " + left
		}
		t.apart(drive.ApartFirst)
		t.summary = drive.PlainSummary{Seed: order.Seed, Apart: strays}
		strays = t.search()
	}
	if strays != "" {
		t.summary.Verdict, t.summary.Because = drive.Unrepeatable, strays+t.sights.hint()
	}
	t.searchFirst()
	t.end()
}

// search checks whether the test can be explored in the present way, searches, and reports what it finds. strays says why
// the executions so far do not count: one left something for the next, or took another way than before. It is "" if they
// count.
func (t *test) search() (strays string) {
	t.kept, t.said, t.gone, t.unshown, t.strayed, t.strays = "", nil, nil, "", "", 0
	runner := sched.NewMechanismRunner(t.mechanism, t.options())
	first, strays := t.gate(runner)
	if strays == "" && first.Failure != nil && !t.inProcesses() {
		strays = t.leftBehind(runner)
	}
	if strays != "" || t.summary.Verdict != "" {
		if t.summary.Verdict == drive.Sequential && t.sights.timers {
			t.fireTimers(nil)
		}
		t.sequentialKept()
		return strays
	}
	found, err := t.findFailures(runner, first)
	if strays = t.disturbed(runner, found, err); strays != "" {
		return strays
	}
	if leak := t.sights.leak; leak != nil && t.sights.ended > t.sights.leaked && len(found.Findings) == 0 {
		found.Findings = []sched.Finding{{Failure: leak, Strategy: "default", After: 1, Count: t.sights.leaked}}
		found.Ended += "; the schedule without a switch leaks, but others do not"
		t.sights.leak = nil
	}
	t.strayed, t.strays = cmp.Or(t.strayed, found.Differed), t.strays+found.Strayed
	t.summary.Statistics, t.summary.Exhausted, t.summary.Because = found.Statistics, found.Exhausted, found.Ended
	if t.strayed != "" {
		t.summary.Statistics.Strayed, t.summary.Exhausted = t.strays, nil
		t.summary.Strayed = t.strayed + t.sights.hint()
	}
	t.summary.Goroutines, t.summary.Running, t.summary.OneOrder = t.sights.threads, t.sights.running, t.sights.oneOrder
	found.Findings = distinct(found.Findings)
	for i, f := range found.Findings {
		t.found(f, len(found.Findings)-i-1)
	}
	switch {
	case t.summary.Findings > 0:
		t.summary.Verdict = drive.FoundSome
	case t.unshown != "":
		t.summary.Verdict = drive.Unrepeatable
		t.summary.Because = t.unshown + ": something outside of the process caused it" + t.sights.hint()
	case err != nil:
		t.summary.Verdict, t.summary.Because = drive.Unjudged, err.Error()
	case t.sights.skipped == found.Schedules+t.gated:
		t.summary.Verdict = drive.SkippedItself
	default:
		t.summary.Verdict = drive.HeldAll
	}
	if err == nil && t.unshown == "" && t.sights.timers && !t.first && (len(found.Findings) == 0 || order.All) {
		t.fireTimers(found.Findings)
	}
	return ""
}

// needsAnother says, of a test that fails although there is nothing to choose, how to tell whether it fails alone.
func (t *test) needsAnother() string {
	if t.sights.choices > 0 {
		return ""
	}
	return ", with nothing to choose: go test -run '^" + t.whole + "$' tells whether it needs what another test leaves"
}

// findFailures searches, unless the schedule without a switch fails, or a schedule that is tried before the search.
func (t *test) findFailures(runner *sched.Runner, first sched.Outcome) (found sched.Result, err error) {
	hit := func(out sched.Outcome, strategy, ended string) sched.Result {
		for _, f := range append([]*sched.Failure{out.Failure}, out.Beside...) {
			found.Findings = append(found.Findings, sched.Finding{Failure: f, Schedule: out.Schedule, Preemptions: out.Preemptions, Strategy: strategy, After: 1})
		}
		found.Schedules, found.Ended = 1, ended
		return found
	}
	if first.Failure != nil && first.Failure.Kind != sched.StepLimit && !order.All {
		return hit(first, "default", "the schedule without a switch fails"+t.needsAnother()), nil
	}
	if t.hint != nil {
		out := sched.NewMechanismRunner(t.timed, t.options()).Run(t.hint, false) // a timer that fired early may have caused it
		t.gated++
		if f := out.Failure; f != nil && f.Kind != sched.StepLimit && f.Kind != sched.Unusable {
			return hit(out, "retrace", "a process that executed many schedules ended in this one"), nil
		}
	}
	if out := t.executeKept(); out.Failure != nil && !order.All {
		return hit(out, byKept, "a kept case fails"), nil
	}
	o := t.options()
	o.Progress = t.progress
	if f := first.Failure; f != nil && f.Kind == sched.StepLimit && (o.Schedules == 0 || o.Schedules > tryEndless) {
		few := o
		few.Schedules = tryEndless
		if found, err = sched.SearchMechanism(context.Background(), t.mechanism, few); err != nil || len(found.Findings) > 0 {
			if errors.Is(err, sched.ErrNoVerdict) {
				err = fmt.Errorf("none of %d schedules has an end, and the rest is not tried: %w", found.Schedules, err)
			}
			return found, err
		}
	}
	return sched.SearchMechanism(context.Background(), t.mechanism, o)
}

// tryEndless is how many schedules are tried of a test that does not end without a switch, before it counts as one that
// never ends. Each of them runs to the step limit, which takes as long as thousands of schedules that end.
const tryEndless = 32

// disturbed says how executions in this process have disturbed each other: the search met a schedule that it could not
// repeat, or the schedule without a switch took another way after a failure. It returns "" if they have not.
func (t *test) disturbed(runner *sched.Runner, found sched.Result, err error) string {
	var failure *sched.Failure
	switch {
	case errors.As(err, &failure):
		if strings.HasSuffix(failure.Message, outsideState) {
			return failure.Message
		}
	case err != nil && !errors.Is(err, sched.ErrNoVerdict) && !errors.Is(err, sched.ErrNoSchedule) && !errors.Is(err, sched.ErrUnjudged):
		return err.Error()
	case len(found.Findings) > 0 && found.Findings[0].Failure.Kind != sched.DataRace && !t.inProcesses():
		if differs := difference(t.usual, wayOf(runner.Replay(nil, true))); differs != "" {
			t.hint = sched.Follow(found.Findings[0].Schedule)
			return "after a failure the schedule without a switch went another way: " + differs
		}
	}
	return ""
}

// outsideState ends the runtime's message when an execution uses an object of an earlier one.
const outsideState = "there is state outside of the test"

// end reports the result of the exploration.
func (t *test) end() {
	if t.sights.leak != nil {
		t.summary.Leaks = []string{t.sights.leak.Class()}
	}
	if t.sights.losses.Operations > 0 {
		t.summary.Losses = &t.sights.losses
	}
	t.tellKept()
	code := map[string]int{drive.HeldAll: 0, drive.Sequential: 0, drive.SkippedItself: 0, drive.FoundSome: 1}
	exit, known := code[t.summary.Verdict]
	if !known {
		exit = 3
	}
	tell(drive.Event{Event: drive.Ended, Test: t.name, Code: exit, Plain: &t.summary})
}

func (t *test) progress(s sched.Statistics) {
	fitHeap()
	tell(drive.Event{Event: drive.Progress, Test: t.name, Text: s.SoFar()})
}
