// Package report explains a counterexample: what was promised, what came, how to see it again, who did what in which order,
// between which two places the other thread must strike, and what becomes of the case without each of its parts.
package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
)

// A Report is one counterexample. Every rendering is made from it.
type Report struct {
	// Promise is the name of what was broken, or the kind of the failure; Sentence the promise in the documentation's words.
	Promise  string `json:"promise"`
	Sentence string `json:"sentence,omitempty"`
	// Detail says what came instead.
	Detail string `json:"detail"`
	// Case is the whole case; Size what it consists of; From what it was shrunk from.
	Case     string        `json:"case"`
	Size     string        `json:"size"`
	From     string        `json:"from,omitempty"`
	Shrunk   time.Duration `json:"shrunk_ns"`
	Steps    int           `json:"shrink_steps"`
	Tries    int           `json:"shrink_tries"`
	Replays  int           `json:"replays"`
	Replayed int           `json:"replayed"`
	// Threads are the columns of Rows.
	Threads []string `json:"threads"`
	Rows    []Row    `json:"rows"`
	Windows []string `json:"windows,omitempty"`
	Without []string `json:"without,omitempty"`
	Minimal bool     `json:"minimal"`
}

// A Row is one line of the timeline.
type Row struct {
	Step int `json:"step"`
	// Thread is an index into Threads, -1 for a line across all columns.
	Thread int    `json:"thread"`
	Text   string `json:"text"`
	Point  bool   `json:"point,omitempty"`
	// Source is where the marker stands.
	Source string `json:"source,omitempty"`
}

const replays = 5

// New makes the report of a case that was shrunk from another.
func New(m shrink.Minimized, from cases.Case, fromPreemptions int) (*Report, error) {
	program := m.Case
	program.Switches = nil
	scenario, err := program.Scenario()
	if err != nil {
		return nil, err
	}
	runner := sched.NewRunner(scenario, sched.Options{})
	out := runner.Replay(m.Case.Switches, true)
	if out.Failure == nil {
		return nil, fmt.Errorf("the case does not fail again: %v", m.Case)
	}
	r := &Report{
		Case: m.Case.String(), Size: Size(m.Case, out.Preemptions), Shrunk: m.Duration, Steps: m.Steps, Tries: m.Tries,
		Replays: replays, Minimal: m.Minimal,
	}
	if m.Steps > 0 {
		r.From = Size(from, fromPreemptions)
	}
	r.describe(out.Failure)
	for range replays {
		if f := runner.Replay(m.Case.Switches, false).Failure; f != nil && f.Class() == out.Failure.Class() {
			r.Replayed++
		}
	}
	r.lay(out.Events)
	r.explain(m)
	return r, nil
}

func (r *Report) describe(f *sched.Failure) {
	r.Promise, r.Detail = string(f.Kind), f.Message
	if f.Kind == sched.Deadlock || f.Kind == sched.Leak || f.Kind == sched.Panicked || f.Kind == sched.StepLimit {
		r.Promise, r.Sentence = "Progress", "every operation ends, and leaves nothing running"
		r.Detail = f.Error()
	}
	if v := cases.Violation(f); v != nil {
		r.Promise, r.Sentence, r.Detail = v.Promise.Name, v.Promise.Sentence, v.Detail
		if f.Thread == "main" {
			r.Detail += "; found by the scan at the end"
		}
	}
}

// Size counts what a case consists of.
func Size(c cases.Case, preemptions int) string {
	counts := map[string]int{}
	var order []string
	add := func(name string, n int) {
		if _, known := counts[name]; !known {
			order = append(order, name)
		}
		counts[name] += n
	}
	for _, t := range c.Threads {
		for _, o := range t.Operations {
			add(o.Kind.String(), 1)
		}
	}
	if preemptions > 0 {
		add("preemption", preemptions)
	}
	var words []string
	for _, name := range order {
		words = append(words, plural(counts[name], name))
	}
	if preemptions == 0 {
		words = append(words, "no preemption")
	}
	return strings.Join(words, ", ")
}

func plural(n int, name string) string {
	switch {
	case n == 1 || strings.HasSuffix(name, "s"):
	case strings.HasSuffix(name, "sh"):
		name += "es"
	default:
		name += "s"
	}
	return fmt.Sprintf("%d %s", n, name)
}

// lay turns events into rows.
func (r *Report) lay(events []sched.Event) {
	for _, e := range events {
		if e.Thread != "" && e.Thread != "main" && !slices.Contains(r.Threads, e.Thread) && !e.Ended {
			r.Threads = append(r.Threads, e.Thread)
		}
	}
	for _, e := range events {
		row := Row{Step: e.Step, Thread: slices.Index(r.Threads, e.Thread), Text: e.Text, Point: e.Point}
		if e.Line > 0 {
			row.Source = fmt.Sprintf("%s:%d", e.File, e.Line)
		}
		if e.Text != sched.OpPoint && e.Text != sched.StartPoint && !e.Ended {
			if row.Thread < 0 {
				row.Text = e.Thread + ": " + e.Text
			}
			r.Rows = append(r.Rows, row)
		}
		if banner := banner(e); banner != "" {
			r.Rows = append(r.Rows, Row{Step: e.Step, Thread: -1, Text: banner})
		}
	}
}

// banner is the line at which another thread goes on.
func banner(e sched.Event) string {
	switch {
	case e.Next == "" || e.Text == sched.StartPoint:
		return ""
	case e.Preempted:
		return "preemption: " + e.Thread + " could have gone on"
	case e.Ended:
		return e.Thread + " ended"
	case e.Waits:
		return e.Thread + " waits"
	}
	return e.Thread + " between two operations"
}

// explain names the windows and what each part is needed for.
func (r *Report) explain(m shrink.Minimized) {
	for _, w := range m.Windows {
		other := m.Case.Switches[w.Switch].To
		r.Windows = append(r.Windows, fmt.Sprintf("%s from %s to %s, where %s goes on", w.Thread, w.From.Point, w.To.Point, other))
	}
	if len(m.Case.Switches) == 0 {
		r.Windows = append(r.Windows, "none: it needs no switch at all")
	}
	for _, w := range m.Without {
		switch {
		case w.Exhausted && w.Shows != "":
			r.Without = append(r.Without, fmt.Sprintf("%s: something else, %s, in all %d schedules with at most %s", w.What, w.Shows, w.Schedules, plural(m.Preemptions, "preemption")))
		case w.Exhausted:
			r.Without = append(r.Without, fmt.Sprintf("%s: holds in all %d schedules with at most %s", w.What, w.Schedules, plural(m.Preemptions, "preemption")))
		default:
			r.Without = append(r.Without, fmt.Sprintf("%s: nothing found in %d schedules, not all were tried", w.What, w.Schedules))
		}
	}
}
