package driver

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// gateRuns is how often the schedule without a switch is executed before a search. The first execution only warms up: it
// makes a package's lazy state, so later executions reach other points.
const gateRuns = 5

// A way is what two executions are compared by. A test without an end comes to hundreds of thousands of points, and the events of an
// execution take four times as much memory.
type way struct {
	end string // in a word
	at  []stand
}

// A stand is where a thread came to.
type stand struct {
	thread, text, file string
	line               int
}

func wayOf(o sched.Outcome) way {
	w := way{ending(o), make([]stand, len(o.Events))}
	for i := range o.Events {
		e := &o.Events[i]
		w.at[i] = stand{e.Thread, e.Text, e.File, e.Line}
	}
	return w
}

// gate executes the schedule without a switch several times, and says whether the test can be explored. Every execution
// must take the same way; otherwise strays says where one did not. And there must be something to choose; otherwise gate
// sets the verdict.
func (t *test) gate(runner *sched.Runner) (first sched.Outcome, strays string) {
	if t.warm == nil && !t.inProcesses() {
		warm := wayOf(runner.Replay(nil, true))
		t.warm = &warm
	}
	t.sights.choices, t.sights.skipped, t.gated = 0, 0, 0
	for run := 1; run < gateRuns; run++ {
		fitHeap()
		out := runner.Replay(nil, true)
		went := wayOf(out)
		out.Events = nil
		t.gated++
		if f := out.Failure; f != nil && f.Kind == sched.Unusable {
			if strings.HasSuffix(f.Message, outsideState) {
				return out, f.Message
			}
			t.summary.Verdict, t.summary.Because = drive.Unjudged, f.Message
			return out, ""
		}
		if run == 1 {
			if first, t.usual = out, went; t.inProcesses() {
				continue
			}
			if t.warm.end != went.end {
				return out, fmt.Sprintf("the schedule without a switch came to %q the first time, and then to %q: %s", t.warm.end, went.end, whyStrays)
			}
			t.lazy = difference(*t.warm, went)
			t.warm.at, t.warm = nil, nil // it is not needed any more
			continue
		}
		if differs := difference(t.usual, went); differs != "" {
			if t.inProcesses() && !(run == gateRuns-1 && t.strays == uint64(run-2)) { // a test that strays now and then also has schedules that can be repeated
				t.strayed, t.strays = cmp.Or(t.strayed, "the schedule without a switch went another way: "+differs), t.strays+1
				continue
			}
			return out, fmt.Sprintf("the schedule without a switch went another way at repetition %d: %s. %s", run, differs, whyStrays)
		}
	}
	f := first.Failure
	switch {
	case f != nil && f.Kind == sched.Leak && !order.LeaksAlways:
		t.sights.leak, first.Failure = f, nil
		t.sights.leaked, t.sights.ended = 0, 0
	case f != nil:
		return first, ""
	}
	if t.sights.choices > 0 || t.hint != nil {
		return first, ""
	}
	t.summary.Verdict, t.summary.Goroutines = drive.Sequential, t.sights.threads
	t.summary.Because = "there was never a second goroutine that could have gone on"
	if t.sights.skipped >= t.gated {
		t.summary.Verdict, t.summary.Because = drive.SkippedItself, "the test skips itself"
	}
	return first, ""
}

// RemoveLeft removes the files that passing executions left behind, and returns their names.
var RemoveLeft = func() (names []string) { return nil }

// leftBehind says how the schedule without a switch differs once the files that earlier executions left are removed; ""
// if it does not differ.
func (t *test) leftBehind(runner *sched.Runner) (strays string) {
	left := relative(RemoveLeft())
	if left == "" {
		return ""
	}
	if differs := difference(t.usual, wayOf(runner.Replay(nil, true))); differs != "" {
		return fmt.Sprintf("the schedule without a switch went another way after files were removed that earlier executions had left (%s): %s", left, differs)
	}
	return ""
}

// relative lists files by their names relative to the current folder.
func relative(names []string) string {
	folder, _ := os.Getwd()
	for i, name := range names {
		if short, err := filepath.Rel(folder, name); err == nil {
			names[i] = short
		}
	}
	if len(names) > mostNames {
		names = append(names[:mostNames], "…")
	}
	return strings.Join(names, ", ")
}

// mostNames is how many files are named.
const mostNames = 3

const whyStrays = "Look for state outside of the test, the order of a map with pointers, or randomness that is not math/rand's"

// ending names the result of an execution in a word.
func ending(o sched.Outcome) string {
	if o.Failure == nil {
		return "held"
	}
	return o.Failure.Class()
}

// difference describes the first place at which two executions differ; "" if they do not.
func difference(a, b way) string {
	at := func(w way, i int) string {
		if i >= len(w.at) {
			return "its end"
		}
		s := w.at[i]
		where := ""
		if s.line > 0 {
			where = fmt.Sprintf(" (%s:%d)", s.file, s.line)
		}
		return s.thread + "@" + s.text + where
	}
	for i := range max(len(a.at), len(b.at)) {
		if i < len(a.at) && i < len(b.at) && a.at[i] == b.at[i] {
			continue
		}
		if x, y := at(a, i), at(b, i); x != y {
			return fmt.Sprintf("at step %d it came to %s the first time, and then to %s", i+1, x, y)
		}
	}
	if x, y := a.end, b.end; x != y {
		return fmt.Sprintf("it came to %q the first time, and then to %q", x, y)
	}
	return ""
}

// hint says what is known about why an execution cannot be repeated.
func (s *sights) hint() (words string) {
	if s.secret != "" {
		words = ". It reads random numbers of crypto/rand, which differ each time, in " + s.secret
	}
	if s.socket {
		words += ". It uses the network, and nothing controls when the system delivers what was sent: net.Pipe in its place can be repeated"
	}
	return words
}
