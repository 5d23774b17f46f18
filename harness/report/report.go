// Package report explains a failure: what was promised, what came, how to see it again, who did what in which order, between
// which two places the other thread must strike, what becomes of the case without each of its parts, and how the nearest
// execution that passes differs.
//
// There is one structure, Report. Every rendering is made from it, and nothing else: a Format turns a Report into bytes, so that
// a report that was written as JSON can be rendered in any other form later, by somebody else.
package report

import (
	"time"

	"github.com/racewindow/racewindow/harness/cases"
)

// Schema names the form in which a Report is written as JSON. A field that is added keeps the number; one that changes its
// meaning or goes makes another.
const Schema = "racewindow-report/1"

// A Report is one case and what came of executing it. Texts in it are safe to print: they hold no control characters.
type Report struct {
	Schema string `json:"schema"`
	// Verdict is Violated or Held.
	Verdict string `json:"verdict"`
	// Promise is the name of what was broken, or the kind of the failure; Sentence the promise in the documentation's words.
	Promise  string `json:"promise"`
	Sentence string `json:"sentence,omitempty"`
	// Class tells findings apart, as sched.Failure.Class does.
	Class string `json:"class,omitempty"`
	// Detail says what came instead.
	Detail string `json:"detail"`
	// Case is the whole case, or the schedule where the scenario is Go code. It is what Replay executes again.
	Case string `json:"case"`
	// Package is the name of the Go package whose test has the Check that the case is of, "" for what is of no Check.
	Package string `json:"package,omitempty"`
	// Plain says that the case is the schedule of a plain test.
	Plain bool `json:"plain,omitempty"`
	// Replay is the command for a shell. It was executed Replays times, and failed so in Replayed of them; Replays is 0 where
	// the process that reports cannot try.
	Replay   string `json:"replay"`
	Replays  int    `json:"replays"`
	Replayed int    `json:"replayed"`
	// Size is what the case consists of, Preemptions how many of its switches are such; From what it was shrunk from, if it was,
	// in Shrink.
	Size        string  `json:"size"`
	Preemptions int     `json:"preemptions"`
	From        string  `json:"from,omitempty"`
	Shrink      *Shrink `json:"shrink,omitempty"`
	// Run is the execution that the report is about, Passing the nearest one that passes, nil if none was found.
	Run     Run   `json:"run"`
	Passing *Twin `json:"passing,omitempty"`
	// Windows are what would have to be atomic. A case that needs no switch has none, and NoSwitch.
	Windows  []Window `json:"windows,omitempty"`
	NoSwitch bool     `json:"no_switch,omitempty"`
	// Without says what became of the case less one part, for each part.
	Without []Without `json:"without,omitempty"`
	// SecondOpinion is what a checker of another make, porcupine, says about the history.
	SecondOpinion string `json:"second_opinion,omitempty"`
	// Claim is what was shown of all schedules of the program, with its conditions.
	Claim string `json:"claim,omitempty"`
	// Sources are the lines around the failpoints, where the sources were at hand.
	Sources []Source `json:"sources,omitempty"`
	// Stack is that of a panic, or the race detector's report.
	Stack string `json:"stack,omitempty"`

	subject cases.Subject // that the case is about; nil if it is not known
}

// Verdicts of a Report.
const (
	Violated = "violated"
	Held     = "held"
)

// A Shrink is how a case became smaller.
type Shrink struct {
	// Took is the time in nanoseconds; Steps counts the candidates that were taken, Tries the executions; Minimal says that
	// nothing can be taken away any more.
	Took    time.Duration `json:"took_ns"`
	Steps   int           `json:"steps"`
	Tries   int           `json:"tries"`
	Minimal bool          `json:"minimal"`
}

// A Run is one execution.
type Run struct {
	// Case is what was executed, Outcome what it came to, in a few words.
	Case    string `json:"case"`
	Outcome string `json:"outcome"`
	// Threads are the columns, in the order in which they first did something. Fields are the names of Row.State.
	Threads []string `json:"threads"`
	Fields  []string `json:"fields,omitempty"`
	Rows    []Row    `json:"rows"`
	// History are the operations of the threads, in the order in which they began.
	History []Interval `json:"history,omitempty"`
}

// Kinds of rows.
const (
	KindBegin      = "begin"      // of an operation
	KindNote       = "note"       // what it came to, or what a thread says
	KindPoint      = "point"      // a thread came to a failpoint
	KindSwitch     = "switch"     // another thread goes on, because this one cannot, or its operation is over
	KindPreemption = "preemption" // another thread goes on, though this one could
	KindFailure    = "failure"    // here it was found
	kindFolded     = "folded"     // stands for rows that were left out
)

// A Row is one line of the timeline, time downwards.
type Row struct {
	// Step counts from 1; a switch has none, 0.
	Step int    `json:"step,omitempty"`
	Kind string `json:"kind"`
	// Thread is an index into Run.Threads, -1 for a line that is nobody's. Of a switch it is the thread that stops, and To the
	// one that goes on.
	Thread int    `json:"thread"`
	To     int    `json:"to"`
	Text   string `json:"text"`
	// File, Line and Function say where the thread stands; File is the import path of the package, then the file's name.
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Function string `json:"function,omitempty"`
	// State are the values of Run.Fields at that moment; nil where they were not looked at, as under -race.
	State []string `json:"state,omitempty"`
	// Learned are indexes of the fields that the thread has just read and from now on believes.
	Learned []int `json:"learned,omitempty"`

	steps, points int  // that a folded row stands for
	edge          bool // a window begins or ends here
	gap           bool // steps were left out here (sched.Shortened)
}

// An Interval is one operation, from the step at which it began to that at which it ended; 0 if it did not.
type Interval struct {
	Thread  int    `json:"thread"`
	Text    string `json:"text"`
	Outcome string `json:"outcome,omitempty"`
	From    int    `json:"from"`
	To      int    `json:"to,omitempty"`
	Bad     bool   `json:"bad,omitempty"`
}

// A Twin is an execution that passes and differs in one thing.
type Twin struct {
	Run
	// Change says what was changed, in words that follow "passes".
	Change string `json:"change"`
	// Differs is the first step at which it does something else than the one that fails.
	Differs int `json:"differs"`
}

// A Window is a stretch of one thread in which another one strikes.
type Window struct {
	Thread string `json:"thread"`
	// From is the first failpoint at which the switch shows the failure, To the last; their sources FILE:LINE.
	From       string `json:"from"`
	To         string `json:"to"`
	FromSource string `json:"from_source,omitempty"`
	ToSource   string `json:"to_source,omitempty"`
	// Other is the thread that goes on.
	Other string `json:"other"`
}

// A Without is what became of the case less one part.
type Without struct {
	// What is missing, in words.
	What string `json:"what"`
	// Schedules were executed; Exhausted says that these are all with at most Preemptions preemptions of the case.
	Schedules uint64 `json:"schedules"`
	Exhausted bool   `json:"exhausted"`
	// Shows is another failure that came then.
	Shows string `json:"shows,omitempty"`
}

// A Source is a stretch of a source file.
type Source struct {
	File string `json:"file"`
	// From is the number of the first line.
	From  int      `json:"from"`
	Lines []string `json:"lines"`
}

// thread is a thread's name, "" for none.
func (r *Run) thread(i int) string {
	if i < 0 || i >= len(r.Threads) {
		return ""
	}
	return r.Threads[i]
}

// row is the index of the row with that step, -1 for none.
func (r *Run) row(step int) int {
	for i, row := range r.Rows {
		if row.Step == step && step > 0 {
			return i
		}
	}
	return -1
}

// field is the index of a field, -1 for none.
func (r *Run) field(name string) int {
	for i, f := range r.Fields {
		if f == name {
			return i
		}
	}
	return -1
}

// source is FILE:LINE with the base name of the file, "" if it is not known.
func (r *Row) source() string { return shortSource(r.File, r.Line) }

// failed says whether the report is about a failure.
func (r *Report) failed() bool { return r.Verdict != Held }

// minimal says whether nothing is known that could be left out.
func (r *Report) minimal() bool { return r.Shrink == nil || r.Shrink.Minimal }
