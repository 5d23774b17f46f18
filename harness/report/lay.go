package report

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// mainThread is the scheduler's name for the thread that prepares a scenario and concludes it.
const mainThread = "main"

// lay turns an execution into rows; text is its case.
func lay(out sched.Outcome, text string) Run {
	r := Run{Case: clean(text, maxCase), Outcome: "passes", Threads: []string{}, Rows: []Row{}}
	out.Events = sched.Shortened(out.Events)
	mainToo := points(out.Events, mainThread) // in a plain test, the main goroutine is a thread like the others
	for _, e := range out.Events {
		if e.Thread != "" && (e.Thread != mainThread || mainToo) && !e.Ended && !slices.Contains(r.Threads, e.Thread) {
			r.Threads = append(r.Threads, e.Thread)
		}
		if len(r.Fields) == 0 {
			for _, f := range e.State {
				r.Fields = append(r.Fields, clean(f.Name, maxName))
			}
		}
	}
	for _, e := range out.Events {
		r.add(e)
	}
	if f := out.Failure; f != nil {
		r.Outcome = "fails"
		r.fail(f)
	}
	r.intervals()
	for i, name := range r.Threads {
		r.Threads[i] = clean(name, maxName)
	}
	return r
}

func (r *Run) add(e sched.Event) {
	row := Row{Kind: KindNote, Thread: slices.Index(r.Threads, e.Thread), Text: clean(e.Text, maxText)}
	switch {
	case e.Point:
		row.Kind = KindPoint
		row.File, row.Line, row.Function = packageFile(e), e.Line, e.Function
	case e.Begins:
		row.Kind = KindBegin
	}
	for _, f := range e.State {
		row.State = append(row.State, clean(f.Value, maxText))
	}
	for _, name := range e.Learned {
		if i := r.field(name); i >= 0 {
			row.Learned = append(row.Learned, i)
		}
	}
	if numbered(e) {
		row.gap = e.Left > 0
		if row.Thread < 0 && !row.gap {
			row.Text = clean(e.Thread+": "+e.Text, maxText)
		}
		row.Step = r.steps() + 1
		r.Rows = append(r.Rows, row)
	}
	if kind, text := reason(e); kind != "" {
		r.Rows = append(r.Rows, Row{Kind: kind, Thread: row.Thread, To: slices.Index(r.Threads, e.Next), Text: clean(text, maxText), State: row.State})
	}
}

// numbered says whether an event is a row with a number, and not only a switch.
func numbered(e sched.Event) bool {
	return e.Text != sched.OpPoint && e.Text != sched.StartPoint && !e.Ended
}

// Numbered returns the events of an execution whose rows have numbers in its report, in order: the first is step 1.
func Numbered(events []sched.Event) (rows []sched.Event) {
	for _, e := range events {
		if numbered(e) {
			rows = append(rows, e)
		}
	}
	return rows
}

// steps returns the number of the last step.
func (r *Run) steps() int {
	for i := len(r.Rows) - 1; i >= 0; i-- {
		if r.Rows[i].Step > 0 {
			return r.Rows[i].Step
		}
	}
	return 0
}

// reason says why another thread goes on.
func reason(e sched.Event) (kind, text string) {
	switch {
	case e.Next == "" || e.Text == sched.StartPoint:
		return "", ""
	case e.Preempted:
		return KindPreemption, "preemption: " + e.Thread + " could have gone on"
	case e.Ended:
		return KindSwitch, e.Thread + " ended"
	case e.Waits:
		return KindSwitch, e.Thread + " waits"
	}
	return KindSwitch, e.Thread + " between two operations"
}

// fail adds the row at which the failure was found.
func (r *Run) fail(f *sched.Failure) {
	row := Row{Kind: KindFailure, Thread: slices.Index(r.Threads, f.Thread), Text: "FAIL", Step: r.steps() + 1}
	crash := cases.CrashOf(f)
	switch {
	case crash != nil && crash.Kill:
		row.Text = "FAIL: the process dies here"
	case crash != nil:
		row.Text = "FAIL: power is lost here"
	case f.Kind == sched.Deadlock && strings.Contains(f.Message, "no thread can go on"):
		row.Text = "FAIL: no thread can go on"
	case row.Thread < 0 && f.Thread == mainThread:
		row.Text = "FAIL: found at the end"
	case f.Kind != sched.Failed:
		row.Text = "FAIL: " + string(f.Kind)
	}
	if n := len(r.Rows); n > 0 {
		row.State = r.Rows[n-1].State
		if last := r.Rows[n-1]; row.Thread >= 0 && last.Thread == row.Thread && last.Kind == KindPoint {
			row.File, row.Line, row.Function = last.File, last.Line, last.Function
		}
	}
	r.Rows = append(r.Rows, row)
}

// intervals finds the operations. Each lasts from the row that begins it to the thread's next such row, or its last row.
func (r *Run) intervals() {
	open := map[int]int{}
	for _, row := range r.Rows {
		if row.Thread < 0 || row.Step == 0 {
			continue
		}
		i, running := open[row.Thread]
		switch {
		case row.Kind == KindBegin:
			r.History = append(r.History, Interval{Thread: row.Thread, Text: row.Text, From: row.Step})
			open[row.Thread] = len(r.History) - 1
		case !running:
		case row.Kind == KindNote:
			r.History[i].To, r.History[i].Outcome = row.Step, row.Text
		case row.Kind == KindFailure:
			r.History[i].To, r.History[i].Bad = row.Step, true
		default:
			r.History[i].To, r.History[i].Outcome = 0, ""
		}
	}
}

// packageFile returns the import path of the package and the name of the file, which is the same on every machine.
func packageFile(e sched.Event) string {
	if e.File == "" {
		return ""
	}
	folder, name := path.Split(e.Function)
	if name, _, _ = strings.Cut(name, "."); name == "" {
		return e.File
	}
	return folder + name + "/" + e.File
}

func shortSource(file string, line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", path.Base(file), line)
}
