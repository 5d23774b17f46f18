// Package cases holds cases. A case is everything that is needed to execute a program of several clients on a subject again,
// as one line of text to read, diff, edit, commit and paste into a terminal.
//
//	v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0
//	v1 test=TestCache; c0: put("a", 1), evict(); c1: get("a"); @ c0@cache/loaded#1>c1
//
// The line consists of clauses, separated by ';': the head, the threads in order, then at most one clause each of switches
// (@) or delays (~), of faults (!), and a crash. Blanks may be added between words; String prints the canonical form.
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
//	              THREAD@end>THREAD                 at its end; without a switch, the first thread that can go on does
//	              start>THREAD                      instead of the first thread
//
//	fault         THREAD@FAULTPOINT#N=VALUE         delivered when the thread comes to the fault point for the n-th time: EIO,
//	                                                ENOSPC, EROFS, SHORT, or at some points how many bytes come through
//	              disk KIND GLOB #N = FAULT         a rule of package disks
//	              disk KIND GLOB #N = FAULT at open   while the subject is opened after a loss of power
//	MODEL         ordered or weak                   which disks a crash may leave: see package disks; default ordered
//
//	delay         THREAD@POINT#N=DURATION           sleep when the thread passes the failpoint for the n-th time
//	              THREAD@POINT#N=until:THREAD@POINT#N   wait there until the other thread has come to that point
//	              THREAD@POINT#N=while:THREAD#N     wait there while the other thread's n-th operation runs
//
// The scheduler (package sched) executes a case with switches, or without switches and delays, one thread at a time: it does
// the same each time. A switch that cannot be made is an error, and never a verdict.
//
// A case is about a Subject. This package knows no particular one.
package cases

import (
	"errors"
	"iter"
	"math/rand"

	"github.com/racewindow/racewindow/harness/sched"
)

// A Case is everything that one execution needs. It is data: copy it with Clone before changing it.
type Case struct {
	Subject Subject
	// Settings are the subject's settings, nil if there are none.
	Settings Settings
	Threads  []Thread
	// Delays hold up free-running threads; Switches are the schedule of an execution by package sched. A case has at most
	// one of the two.
	Delays   []Delay
	Switches sched.Schedule
	// Faults are what goes wrong, and Crash ends the execution, nil for no crash. Both need the scheduler.
	Faults []Fault
	Crash  *Crash
}

// A Thread is one client: a name and its operations in order.
type Thread struct {
	Name       string
	Operations []Operation
}

// An Operation is one call of a client. It is immutable. Equal texts mean equal operations.
type Operation interface {
	// String prints the operation in the subject's words; Subject.ParseOperation reads it.
	String() string
	// Word names what the operation does, without its arguments: "append".
	Word() string
}

// Settings are a subject's part of the head.
type Settings interface {
	// String prints them as words NAME=VALUE, separated by blanks; "" if there are none.
	String() string
}

// Versioned settings name the version of the subject that a case is about. Results for one version say nothing about
// another.
type Versioned interface{ Version() string }

// A Weighed operation says how much is in it, such as the number of records: of two cases with equally many operations, the
// one with less is smaller.
type Weighed interface{ Weight() int }

// ErrNoPicture is wrapped by the errors for executions that cannot be drawn.
var ErrNoPicture = errors.New("it cannot be drawn")

// A Setting is one word of the head.
type Setting struct{ Name, Value string }

// A Subject is what cases are about: its words, how to draw programs and make them smaller, and how to execute one.
type Subject interface {
	// Head returns the word that names the subject in a case: "scenario=log", "test=TestCache".
	Head() string
	// ParseSettings reads the other words of the head.
	ParseSettings(words []Setting) (Settings, error)
	// ParseOperation reads one operation.
	ParseOperation(text string) (Operation, error)
	// Check returns what is wrong with a case, beyond what Case.Check checks.
	Check(c Case) error
	// Tasks returns the names of threads that the subject starts, for messages; nil if there are none.
	Tasks() []string
	// IsTask says whether a thread with that name can be a task that the subject starts, and so not in the program.
	IsTask(name string) bool
	// Draw draws settings and a program. All randomness comes from random, and the case contains all that was drawn. Only a
	// user's generator can cause an error.
	Draw(random *rand.Rand, s Shape) (Case, error)
	// DrawFaults draws faults for a program, no more than most; nil if the subject takes none.
	DrawFaults(random *rand.Rand, c Case, most int) []Fault
	// Smaller yields cases that are one step smaller in ways that only the subject knows: plainer settings, smaller
	// operations, two operations merged into one. No chain of steps may be endless.
	Smaller(c Case) iter.Seq[Case]
	// Plan prepares the executions of a case by the scheduler.
	Plan(c Case) (*Plan, error)
	// Canaries returns planted bugs of the kind that a search for c looks for. The search must find each of them first.
	Canaries(c Case) ([]Canary, error)
}

// A Shape bounds the programs that are drawn. The zero value means the defaults.
type Shape struct {
	// Threads is the largest number of threads, default 4; Operations is the largest number of operations in one thread,
	// default 6.
	Threads, Operations int
	// Quiet leaves out what the subject does on its own.
	Quiet bool
	// Small draws only small values, for exploration, where large ones cost time and show nothing. Torn adds some values
	// that span two sectors of a disk, so that a crash can tear them.
	Small, Torn bool
	// Calm leaves out what ends or refuses the calls of other clients.
	Calm bool
}

// WithDefaults returns s with its zero fields set to the defaults.
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
	// Scenario executes the program. It does not contain the case's switches.
	Scenario sched.Scenario
	// Declared says that the subject shares nothing between clients without saying so (sched.Execution.Shares): if the points of
	// the code under test declare all that its steps touch too, an enumeration may be reduced (sched.Options.Reduced).
	Declared bool
	// Crashes counts crashes and faults; nil for a case that has neither.
	Crashes *Crashes
	// Opinion asks a second checker about the latest execution; nil if there is none. It returns what that checker says, ""
	// if it does not judge this execution. A disagreement is an error.
	Opinion func(f *sched.Failure) (sentence string, err error)
}

// A Canary is a subject with one planted bug.
type Canary struct {
	// What says which bug it is, in words that can follow "the canary".
	What string
	Case Case
	Plan *Plan
}

// A Witness is a subject whose histories a second checker can judge.
type Witness interface {
	// Recorded is Plan with an Opinion. Its executions must not overlap.
	Recorded(c Case) (*Plan, error)
}

// A Cured subject knows a correct variant for a case with a known bug.
type Cured interface {
	// Cured returns the case with the correct variant, and names the variant in words that can follow "with"; ok is false if
	// there is none.
	Cured(c Case) (cured Case, what string, ok bool)
}

// A Timeline says what an execution did, as a report shows it.
type Timeline struct {
	// Fields are the names of what was seen of the subject beside each row.
	Fields []string
	Rows   []TimelineRow
}

// A TimelineRow is one line; rows are in the order of time.
type TimelineRow struct {
	// Step counts from 1; it is 0 for a line that is not a step.
	Step int
	Text string
	// State holds the values of Timeline.Fields; nil if they were not read.
	State []string
}

// An Exemplified subject has an example program for people who want to write one: threads only, without a head.
type Exemplified interface {
	Example() string
}

// An Adviser adds advice to a failure of its subject that the scheduler cannot give: what the user can do; "" for none.
type Adviser interface {
	Advice(f *sched.Failure) string
}
