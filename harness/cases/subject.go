// Package cases holds cases: everything that is needed to execute a program of several clients on a subject once more, as one
// line of text that a person can read, diff, edit, commit and paste into a terminal.
//
//	v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0
//	v1 test=TestCache; c0: put("a", 1), evict(); c1: get("a"); @ c0@cache/loaded#1>c1
//
// The line is made of clauses, separated by ';': the head, the threads in order, then at most one clause each of switches (@)
// or delays (~), of faults (!), and a crash. Blanks may be added anywhere between words; String prints the canonical form.
//
//	clause        form                              meaning
//	------------  --------------------------------  ---------------------------------------------------------------
//	head          v1 WORD=VALUE ...                 version; scenario=NAME or test=NAME says which subject; the rest are its
//	                                                settings, each at most once
//	thread        NAME: OPERATION, OPERATION ...    one client and what it does, in order, in the subject's words
//	switches      @ SWITCH, SWITCH ...              the schedule: where another thread goes on than would without them
//	delays        ~ DELAY, DELAY ...                where free-running threads are held up
//	faults        ! FAULT, FAULT ...                what goes wrong
//	crash         crash any [model=MODEL]           a loss of power at every step, with every disk that it may leave, and kills
//	              crash PLACE disk=N [model=MODEL]  at one step, with the N-th of these disks, or a drawn one (tape=N)
//	              crash PLACE kill [model=MODEL]    the process dies there, and the machine does not
//
//	switch        THREAD@POINT#N>THREAD             when the first thread comes to the point for the n-th time, the other goes on
//	              THREAD@op#N>THREAD                between its n-th operation and the next
//	              THREAD@end>THREAD                 at its end; without a switch the first thread goes on that can
//	              start>THREAD                      instead of the first thread
//
//	fault         THREAD@FAULTPOINT#N=VALUE         delivered when the thread comes to the fault point for the n-th time: EIO,
//	                                                ENOSPC, EROFS, SHORT, or at some points how many bytes come through
//	              disk KIND GLOB #N = FAULT         a rule of package disks
//	MODEL         ordered or weak                   which disks a crash may leave: see package disks; default ordered
//
//	delay         THREAD@POINT#N=DURATION           sleep when the thread passes the failpoint for the n-th time
//	              THREAD@POINT#N=until:THREAD@POINT#N   wait there until the other thread has come to that point
//	              THREAD@POINT#N=while:THREAD#N     wait there while the other thread's n-th operation runs
//
// A case with switches, or with neither switches nor delays, is executed by the scheduler (package sched), one thread at a
// time: it does the same each time. A switch that cannot be made is an error and never a verdict.
//
// What a case is about is a Subject. This package knows none of them.
package cases

import (
	"errors"
	"iter"
	"math/rand"

	"github.com/racewindow/racewindow/harness/sched"
)

// A Case is what one execution needs. It is data: copy it with Clone before changing it.
type Case struct {
	Subject Subject
	// Settings are the subject's, nil for none.
	Settings Settings
	Threads  []Thread
	// Delays hold free-running threads up; Switches are the schedule of an execution by package sched. A case has the one or
	// the other.
	Delays   []Delay
	Switches sched.Schedule
	// Faults go wrong, and Crash ends it, nil for none; both only under the scheduler.
	Faults []Fault
	Crash  *Crash
}

// A Thread is one client: a name and its operations in order.
type Thread struct {
	Name       string
	Operations []Operation
}

// An Operation is one call of a client, a value that is never changed. Equal texts are equal operations.
type Operation interface {
	// String prints the operation in the subject's words; Subject.ParseOperation reads it.
	String() string
	// Word names what it does, without its arguments: "append".
	Word() string
}

// Settings are a subject's part of the head.
type Settings interface {
	// String prints them as words NAME=VALUE, separated by a blank; "" for none.
	String() string
}

// Versioned settings say which version of the subject a case is about: what one does says nothing of another.
type Versioned interface{ Version() string }

// A Weighed operation says how much is in it, such as records: of two cases with as many operations, the one with less is smaller.
type Weighed interface{ Weight() int }

// ErrNoPicture is wrapped by what is said of an execution that cannot be drawn.
var ErrNoPicture = errors.New("it cannot be drawn")

// A Setting is one word of the head.
type Setting struct{ Name, Value string }

// A Subject is what cases are about: its words, how programs are drawn and made smaller, and how one is executed.
type Subject interface {
	// Head is the word by which a case names the subject: "scenario=log", "test=TestCache".
	Head() string
	// ParseSettings reads the other words of the head.
	ParseSettings(words []Setting) (Settings, error)
	// ParseOperation reads one operation.
	ParseOperation(text string) (Operation, error)
	// Check says what is wrong with a case for which Case.Check has found nothing else.
	Check(c Case) error
	// Tasks are names of threads that the subject starts, for messages; nil for none.
	Tasks() []string
	// IsTask says whether a thread of that name may appear that is not in the program: a task that the subject starts.
	IsTask(name string) bool
	// Draw draws settings and a program. Everything random about it comes from random, and all of it is in the case. An error is
	// that of a generator of the user's.
	Draw(random *rand.Rand, s Shape) (Case, error)
	// DrawFaults draws up to so many faults for a program; nil where the subject takes none.
	DrawFaults(random *rand.Rand, c Case, most int) []Fault
	// Smaller yields cases that are a step smaller in what only the subject knows: plainer settings, smaller operations, two
	// operations made one. Taking one after the other must come to an end.
	Smaller(c Case) iter.Seq[Case]
	// Plan prepares the executions of a case by the scheduler.
	Plan(c Case) (*Plan, error)
	// Canaries are bugs of the kind that the search in which they take part is to find. Each must be found first.
	Canaries(c Case) ([]Canary, error)
}

// A Shape bounds the programs that are drawn. The zero value is ready.
type Shape struct {
	// Threads and Operations, of one thread, are the most; default 4 and 6.
	Threads, Operations int
	// Quiet leaves out what the subject does by itself.
	Quiet bool
	// Small values only: for exploration, where bytes cost and show nothing. Torn adds some that lie in two sectors of a disk,
	// so that a crash may tear them.
	Small, Torn bool
}

// WithDefaults has the zero fields set.
func (s Shape) WithDefaults() Shape {
	if s.Threads == 0 {
		s.Threads = 4
	}
	if s.Operations == 0 {
		s.Operations = 6
	}
	return s
}

// A Plan is what all executions of a case share.
type Plan struct {
	// Scenario executes the program; the case's switches are no part of it.
	Scenario sched.Scenario
	// Crashes is what crashes and faults came to; nil for a case that has neither.
	Crashes *Crashes
	// Opinion judges the latest execution by another checker, nil for none. It returns what that says, "" if it has nothing to
	// say of this execution; a disagreement is an error.
	Opinion func(f *sched.Failure) (sentence string, err error)
}

// A Canary is a subject with a bug on purpose, of one kind.
type Canary struct {
	// What says which bug, in words that follow "the canary".
	What string
	Case Case
	Plan *Plan
}

// A Witness is a subject whose histories another checker can judge.
type Witness interface {
	// Recorded is Plan with an Opinion. Its executions must come one after the other.
	Recorded(c Case) (*Plan, error)
}

// A Cured subject knows what would be right in the place of what a case has.
type Cured interface {
	// Cured returns the case with that, and what it is in words that follow "with"; ok is false where there is nothing else.
	Cured(c Case) (cured Case, what string, ok bool)
}

// A Timeline is what an execution did, as a report shows it.
type Timeline struct {
	// Fields are the names of what was seen of the subject beside each row.
	Fields []string
	Rows   []TimelineRow
}

// A TimelineRow is one line, in the order of time.
type TimelineRow struct {
	// Step counts from 1; it is 0 for a line that is no step.
	Step int
	Text string
	// State are the values of Timeline.Fields; nil where they were not looked at.
	State []string
}

// An Exemplified subject has a program as an example, for a person who is to write one: threads alone, without a head.
type Exemplified interface {
	Example() string
}

// An Adviser says more of a failure of its subject, which the scheduler cannot know: what the user may do; "" for nothing.
type Adviser interface {
	Advice(f *sched.Failure) string
}
