package report

import (
	"errors"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// describe fills in which promise broke, and how; and what a loss of power took.
func (r *Report) describe(f *sched.Failure) {
	r.broke(f)
	var crash *cases.CrashError
	if errors.As(f.Err, &crash) && crash.Words() != "" {
		r.Detail = clean(r.Detail+"; "+crash.Words(), maxText)
	}
}

func (r *Report) broke(f *sched.Failure) {
	r.Class = clean(f.Class(), maxName)
	r.Promise, r.Detail = clean(string(f.Kind), maxName), clean(f.Message, maxText)
	r.Stack = cleanLines(f.Stack, maxStack)
	switch f.Kind {
	case sched.Deadlock, sched.Leak, sched.Panicked, sched.Fatal, sched.Exited, sched.Livelock:
		r.Promise, r.Sentence = "Progress", "every operation ends, and leaves nothing running"
		r.Detail = clean(f.Error(), maxText)
	case sched.DataRace:
		r.Sentence = "no two threads touch the same memory at the same time, one of them to write"
	}
	var stacked Stacked
	if r.Stack == "" && errors.As(f.Err, &stacked) {
		r.Stack = cleanLines(stacked.Stack(), maxStack)
	}
	var broken Broken
	if !errors.As(f.Err, &broken) {
		return
	}
	r.Promise, r.Sentence, r.Detail = broken.Broken()
	r.Promise, r.Sentence, r.Detail = clean(r.Promise, maxName), clean(r.Sentence, maxText), clean(r.Detail, maxText)
	var explained Explained
	if !errors.As(f.Err, &explained) {
		return
	}
	detail, mark := explained.Explain(r.Run.seen())
	if detail != "" {
		r.Detail = clean(detail, maxText)
	}
	if last := &r.Run.Rows[len(r.Run.Rows)-1]; mark != "" && last.Text == "FAIL" {
		last.Text += ": " + clean(mark, maxText)
	}
}

// Broken is an error that says which promise broke: its name, the sentence in the documentation, and what happened instead.
type Broken interface {
	error
	Broken() (promise, sentence, detail string)
}

// Stacked is an error that has the stack of a panic, or of the threads that wait; "" for none.
type Stacked interface {
	error
	Stack() string
}

// Explained is an error that can say more once it sees the execution: a detail that replaces its own ("" for none), and a
// few words for the row of the timeline in which the failure was found.
type Explained interface {
	error
	Explain(t cases.Timeline) (detail, mark string)
}

func (r *Run) seen() cases.Timeline {
	t := cases.Timeline{Fields: r.Fields, Rows: make([]cases.TimelineRow, len(r.Rows))}
	for i, row := range r.Rows {
		t.Rows[i] = cases.TimelineRow{Step: row.Step, Text: row.Text, State: row.State}
	}
	return t
}
