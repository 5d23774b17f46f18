package driver

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// gateRuns is how often the schedule without a switch is executed before a search. The first time only warms up: a package's lazy
// state is made then, and an execution after that comes to other points.
const gateRuns = 5

// gate executes the schedule without a switch several times, and says whether the test can be explored: it takes the same way each
// time, and there is something to choose. Otherwise the summary says why not.
func (t *test) gate(runner *sched.Runner) (first sched.Outcome, ok bool) {
	runner.Replay(nil, false)
	t.sights.choices = 0
	for run := 1; run < gateRuns; run++ {
		out := runner.Replay(nil, true)
		if out.Failure != nil && out.Failure.Kind == sched.Unusable {
			t.summary.Verdict, t.summary.Because = drive.Unjudged, out.Failure.Message
			return out, false
		}
		if run == 1 {
			first = out
			continue
		}
		if differs := difference(first, out); differs != "" {
			t.summary.Verdict, t.summary.Because = drive.Unrepeatable, fmt.Sprintf("the schedule without a switch went another way at repetition %d: %s. "+
				"Look for state outside of the test, the order of a map with pointers, or randomness that is not math/rand's", run, differs)
			return out, false
		}
	}
	f := first.Failure
	switch {
	case f != nil && f.Kind == sched.Leak && !order.LeaksAlways:
		t.sights.leak, first.Failure = f, nil
		t.sights.leaked, t.sights.ended = 0, 0
	case f != nil:
		return first, true
	}
	if t.sights.choices > 0 {
		return first, true
	}
	t.summary.Verdict, t.summary.Goroutines = drive.Sequential, t.sights.threads
	t.summary.Because = "there was never a second goroutine that could have gone on"
	if t.sights.skipped == gateRuns {
		t.summary.Verdict, t.summary.Because = drive.SkippedItself, "the test skips itself"
	}
	return first, false
}

// difference is the first place at which two executions differ, "" if they do not.
func difference(a, b sched.Outcome) string {
	at := func(o sched.Outcome, i int) string {
		if i >= len(o.Events) {
			return "its end"
		}
		e := o.Events[i]
		where := ""
		if e.Line > 0 {
			where = fmt.Sprintf(" (%s:%d)", e.File, e.Line)
		}
		return e.Thread + "@" + e.Text + where
	}
	for i := range max(len(a.Events), len(b.Events)) {
		if x, y := at(a, i), at(b, i); x != y {
			return fmt.Sprintf("at step %d it came to %s the first time, and then to %s", i+1, x, y)
		}
	}
	kind := func(o sched.Outcome) string {
		if o.Failure == nil {
			return "held"
		}
		return o.Failure.Class()
	}
	if x, y := kind(a), kind(b); x != y {
		return fmt.Sprintf("it came to %q the first time, and then to %q", x, y)
	}
	return ""
}
