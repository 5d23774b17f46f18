package report

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// OfPlain makes the report of a finding in a plain test, from executions in the test's binary. token is the test and the
// schedule as text, passing the same for the nearest execution that passes, and command executes the case again.
func OfPlain(f *drive.PlainFinding, test, token, passing, command string) *Report {
	out, failure := f.Outcome, f.Failure
	if out.Failure != nil {
		failure = out.Failure // this one has the stacks of the goroutines that wait
	}
	r := &Report{
		Schema: Schema, Verdict: Violated, Plain: true, Case: clean(token, maxCase), Replay: clean(command, maxCase), Replays: f.Replays, Replayed: f.Replayed,
		Preemptions: f.Preemptions, NoSwitch: len(f.Schedule) == 0, Run: lay(out, token),
	}
	r.Run.failsAt(failure, out.Events)
	r.Log = cleanLines(logOf(out, failure), maxStack)
	r.Size = columns.Count(goroutines(out.Events, failure), "goroutine") + ", " + preemptions(f.Preemptions)
	r.describe(failure)
	r.Promise, r.Sentence, r.Detail = clean(test, maxName), "", clean(failure.Message, maxText)
	switch kind := failure.Kind; {
	case f.Failure.Timing:
		r.Promise = clean(fmt.Sprintf("%s: timing: %s", test, kind), maxName)
		r.Detail = clean(clean(failure.Message, maxText/2)+onlyIf(f), maxText)
	case kind != sched.Failed:
		r.Promise = clean(fmt.Sprintf("%s: %s", test, kind), maxName)
	}
	if f.FromSwitches > len(f.Schedule) {
		r.From = fmt.Sprintf("%s and %s", columns.Count(f.FromSwitches, "switch"), preemptions(f.FromPreemptions))
	}
	if r.From != "" || f.Fewer > 0 || f.Late {
		r.Shrink = &Shrink{Minimal: !f.Early && !f.Late, Fewer: f.Fewer}
	}
	if f.Passing != nil {
		r.Passing = compared(*f.Passing, passing, f.Change, &r.Run)
	}
	r.setWindows(slices.DeleteFunc(slices.Clone(f.Windows), func(w sched.Window) bool { return !w.Preempts }))
	r.addSources(out.Events)
	return r
}

// onlyIf says what must happen to the time for a failure.
func onlyIf(f *drive.PlainFinding) (words string) {
	if len(f.Timers) > 0 {
		words += "; only if a timer fires early: " + strings.Join(f.Timers, ", ")
	}
	if f.Polls != "" {
		words += "; only if time passes while others could go on: " + f.Polls
	}
	return words
}

// clockThread is the driver's name for the thread that fires timers early. It is not a goroutine.
const clockThread = "clock"

// goroutines counts the goroutines that an execution mentions, including those that came to no point.
func goroutines(events []sched.Event, f *sched.Failure) int {
	names := map[string]bool{mainThread: true, f.Thread: true}
	for _, e := range events {
		names[e.Thread], names[e.Next] = true, true
	}
	delete(names, "")
	delete(names, clockThread)
	return len(names)
}

// siteLine matches the place in a failure's site.
var siteLine = regexp.MustCompile(`([\w.-]+\.go):(\d+)\)?$`)

// failsAt corrects the last row, the failure: its thread becomes the goroutine that failed, even one that came to no point,
// and its place becomes that of the failure, not of the goroutine's last step.
func (r *Run) failsAt(f *sched.Failure, events []sched.Event) {
	if len(r.Rows) == 0 || r.Rows[len(r.Rows)-1].Kind != KindFailure {
		return
	}
	row := &r.Rows[len(r.Rows)-1]
	if name := clean(f.Thread, maxName); row.Thread < 0 && name != "" {
		r.Threads = append(r.Threads, name)
		row.Thread = len(r.Threads) - 1
	}
	at := siteLine.FindStringSubmatch(f.Site)
	if at == nil {
		return
	}
	row.File, row.Function = at[1], ""
	row.Line, _ = strconv.Atoi(at[2]) // the pattern has digits only
	for _, e := range events {
		if e.File == at[1] { // this event also tells the package
			row.File = packageFile(e)
		}
	}
}

// points says whether a thread of an execution came to any point.
func points(events []sched.Event, thread string) bool {
	return slices.ContainsFunc(events, func(e sched.Event) bool { return e.Thread == thread && e.Point })
}
