// Package report explains a failure: what was promised, what happened instead, how to see it again, which thread did what in
// which order, between which two places the other thread must run, what becomes of the case without each of its parts, and
// how the nearest passing execution differs.
//
// Everything is rendered from one structure, Report: a Format turns a Report into bytes. So anybody can later render a
// report that was written as JSON in any other format.
package report

import (
	"time"

	"github.com/racewindow/racewindow/harness/cases"
)

// Schema names the form in which a Report is written as JSON. A new field keeps the number; a field that is removed, or
// changes its meaning, needs a new number.
const Schema = "racewindow-report/1"

// Glossary is the address of the page that explains the words of reports.
const Glossary = "https://github.com/racewindow/racewindow/blob/main/GLOSSARY.md"

// A Report is one case with the result of executing it. Its texts are safe to print: they contain no control characters.
type Report struct {
	Schema string `json:"schema"`
	// Verdict is Violated or Held.
	Verdict string `json:"verdict"`
	// Promise is the name of the promise that broke, or the kind of the failure; Sentence is the promise in the
	// documentation's words.
	Promise  string `json:"promise"`
	Sentence string `json:"sentence,omitempty"`
	// Class tells findings apart, as sched.Failure.Class does.
	Class string `json:"class,omitempty"`
	// Detail says what happened instead.
	Detail string `json:"detail"`
	// Case is the whole case, or the schedule if the scenario is Go code. Replay executes it again.
	Case string `json:"case"`
	// Package is the name of the Go package whose test contains the Check of the case; "" if the case belongs to no Check.
	Package string `json:"package,omitempty"`
	// Plain says that the case is the schedule of a plain test.
	Plain bool `json:"plain,omitempty"`
	// Replay is the shell command that executes the case again. The case was executed Replays times, and failed in the same
	// way in Replayed of them. Replays is 0 if the reporting process cannot execute it.
	Replay   string `json:"replay"`
	Replays  int    `json:"replays"`
	Replayed int    `json:"replayed"`
	// Size says what the case consists of, and Preemptions counts the preemptions among its switches. If the case was
	// shrunk, From says from what, and Shrink how.
	Size        string  `json:"size"`
	Preemptions int     `json:"preemptions"`
	From        string  `json:"from,omitempty"`
	Shrink      *Shrink `json:"shrink,omitempty"`
	// Run is the execution that the report is about. Passing is the nearest execution that passes, nil if none was found.
	Run     Run   `json:"run"`
	Passing *Twin `json:"passing,omitempty"`
	// Windows are the stretches that should be atomic. A case that fails without any switch has none; NoSwitch is then set.
	Windows  []Window `json:"windows,omitempty"`
	NoSwitch bool     `json:"no_switch,omitempty"`
	// Without says, for each part of the case, what becomes of the case without it.
	Without []Without `json:"without,omitempty"`
	// SecondOpinion is what an independent checker, porcupine, says about the history.
	SecondOpinion string `json:"second_opinion,omitempty"`
	// Claim says what was shown for all schedules of the program, with its conditions.
	Claim string `json:"claim,omitempty"`
	// Sources are the lines around the failpoints, if the sources were available.
	Sources []Source `json:"sources,omitempty"`
	// Log is what the threads of a plain test wrote in this execution (t.Log, or printed), a line each: after which step, who, and
	// the text. It does not repeat the failure, and holds the newest 200 lines.
	Log string `json:"log,omitempty"`
	// Stack is the stack of a panic, or the race detector's report.
	Stack string `json:"stack,omitempty"`

	subject cases.Subject // the subject of the case; nil if unknown
}

// Verdicts of a Report.
const (
	Violated = "violated"
	Held     = "held"
)

// A Shrink says how a case became smaller.
type Shrink struct {
	// Took is the time in nanoseconds. Steps counts the candidates that replaced the case, Tries the executions; for a plain test
	// these three are 0, because nobody counts them. Minimal says that nothing more can be left out.
	Took    time.Duration `json:"took_ns"`
	Steps   int           `json:"steps"`
	Tries   int           `json:"tries"`
	Minimal bool          `json:"minimal"`
	// Fewer, for a plain test, is how many schedules with fewer preemptions were executed, none of which shows the failure; 0 if
	// there are no others.
	Fewer int `json:"fewer,omitempty"`
}

// A Run is one execution.
type Run struct {
	// Case is what was executed, Outcome its result in a few words.
	Case    string `json:"case"`
	Outcome string `json:"outcome"`
	// Threads are the columns, in the order of their first actions. Fields are the names of the values in Row.State.
	Threads []string `json:"threads"`
	Fields  []string `json:"fields,omitempty"`
	Rows    []Row    `json:"rows"`
	// History lists the operations of the threads, in the order in which they began.
	History []Interval `json:"history,omitempty"`
}

// Kinds of rows.
const (
	KindBegin      = "begin"      // an operation begins
	KindNote       = "note"       // the result of an operation, or a message of a thread
	KindPoint      = "point"      // a thread came to a failpoint
	KindSwitch     = "switch"     // another thread goes on because this one cannot, or because its operation is over
	KindPreemption = "preemption" // another thread goes on, though this one could
	KindFailure    = "failure"    // the failure was found here
	kindFolded     = "folded"     // replaces rows that were left out
)

// A Row is one line of the timeline; time goes downwards.
type Row struct {
	// Step counts from 1; it is 0 for a switch, which has no number.
	Step int    `json:"step,omitempty"`
	Kind string `json:"kind"`
	// Thread is an index into Run.Threads; -1 for a row of no thread. For a switch, Thread is the thread that stops, and To
	// the one that goes on.
	Thread int    `json:"thread"`
	To     int    `json:"to"`
	Text   string `json:"text"`
	// File, Line and Function say where the thread is; File is the import path of the package plus the file's name.
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Function string `json:"function,omitempty"`
	// State holds the values of Run.Fields at that moment; nil if they were not read, as under -race.
	State []string `json:"state,omitempty"`
	// Learned are the indexes of the fields that the thread has just read, and relies on from now on.
	Learned []int `json:"learned,omitempty"`

	steps, points int  // what a folded row replaces
	edge          bool // a window begins or ends here
	gap           bool // steps were left out here (sched.Shortened)
}

// An Interval is one operation, from the step at which it began to the step at which it ended; To is 0 if it did not end.
type Interval struct {
	Thread  int    `json:"thread"`
	Text    string `json:"text"`
	Outcome string `json:"outcome,omitempty"`
	From    int    `json:"from"`
	To      int    `json:"to,omitempty"`
	Bad     bool   `json:"bad,omitempty"`
}

// A Twin is an execution that passes, and differs from the failing one in one thing.
type Twin struct {
	Run
	// Change says what was changed, in words that can follow "passes".
	Change string `json:"change"`
	// Differs is the first step that differs from the failing execution.
	Differs int `json:"differs"`
}

// A Window is a stretch of one thread in which a switch to another thread causes the failure.
type Window struct {
	Thread string `json:"thread"`
	// From is the first failpoint at which the switch causes the failure, To is the last. FromSource and ToSource are
	// FILE:LINE.
	From       string `json:"from"`
	To         string `json:"to"`
	FromSource string `json:"from_source,omitempty"`
	ToSource   string `json:"to_source,omitempty"`
	// Other is the thread that goes on.
	Other string `json:"other"`
}

// A Without is the result of exploring the case without one part.
type Without struct {
	// What says in words what is missing.
	What string `json:"what"`
	// Schedules is how many were executed. Exhausted says that these are all schedules with at most as many preemptions as the
	// case has.
	Schedules uint64 `json:"schedules"`
	Exhausted bool   `json:"exhausted"`
	// Shows is another failure that these schedules showed.
	Shows string `json:"shows,omitempty"`
}

// A Source is a stretch of a source file.
type Source struct {
	File string `json:"file"`
	// From is the number of the first line.
	From  int      `json:"from"`
	Lines []string `json:"lines"`
}

// thread returns a thread's name, "" if there is none.
func (r *Run) thread(i int) string {
	if i < 0 || i >= len(r.Threads) {
		return ""
	}
	return r.Threads[i]
}

// row returns the index of the row with that step, -1 if there is none.
func (r *Run) row(step int) int {
	for i, row := range r.Rows {
		if row.Step == step && step > 0 {
			return i
		}
	}
	return -1
}

// field returns the index of a field, -1 if there is none.
func (r *Run) field(name string) int {
	for i, f := range r.Fields {
		if f == name {
			return i
		}
	}
	return -1
}

// source returns FILE:LINE with the base name of the file, "" if it is unknown.
func (r *Row) source() string { return shortSource(r.File, r.Line) }

// failed says whether the report is about a failure.
func (r *Report) failed() bool { return r.Verdict != Held }

// minimal says whether nothing is known that could be left out.
func (r *Report) minimal() bool { return r.Shrink == nil || r.Shrink.Minimal }
