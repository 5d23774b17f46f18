package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// OfPlain makes the report of what was found in a plain test. The executions are those of its test binary; token is the test and the
// schedule as text, passing the same of the nearest execution that passes, and command executes it again.
func OfPlain(f *drive.PlainFinding, test, token, passing, command string) *Report {
	out, failure := f.Outcome, f.Failure
	if out.Failure != nil {
		failure = out.Failure // with the stacks of who waits
	}
	r := &Report{
		Schema: Schema, Verdict: Violated, Plain: true, Case: clean(token, maxCase), Replay: clean(command, maxCase), Replays: f.Replays, Replayed: f.Replayed,
		Preemptions: f.Preemptions, NoSwitch: len(f.Schedule) == 0, Run: lay(out, token),
	}
	r.Size = plural(len(r.Run.Threads), "goroutine") + ", " + preemptions(f.Preemptions)
	r.describe(failure)
	r.Promise, r.Sentence, r.Detail = clean(test, maxName), "", clean(failure.Message, maxText)
	switch kind := failure.Kind; {
	case f.Failure.Timing:
		r.Promise = clean(fmt.Sprintf("%s: timing: %s", test, kind), maxName)
		r.Detail = clean(fmt.Sprintf("%s; only if a timer fires early: %s", failure.Message, strings.Join(f.Timers, ", ")), maxText)
	case kind != sched.Failed:
		r.Promise = clean(fmt.Sprintf("%s: %s", test, kind), maxName)
	}
	if f.FromSwitches > len(f.Schedule) {
		r.From = fmt.Sprintf("%s and %s", plural(f.FromSwitches, "switch"), preemptions(f.FromPreemptions))
		r.Shrink = &Shrink{Minimal: !f.Early}
	}
	if f.Passing != nil {
		r.Passing = compared(*f.Passing, passing, f.Change, &r.Run)
	}
	r.setWindows(slices.DeleteFunc(slices.Clone(f.Windows), func(w sched.Window) bool { return !w.Preempts }))
	r.addSources(out.Events)
	return r
}

// points says whether a thread of an execution has come to points.
func points(events []sched.Event, thread string) bool {
	return slices.ContainsFunc(events, func(e sched.Event) bool { return e.Thread == thread && e.Point })
}
