package sched

// A Mechanism stops and resumes the threads of one execution after another: markers under coroutines, markers under a baton, or
// anything else that can name its threads and hold them between two steps. All code above it sees only candidates and thread
// numbers: strategies, searches, schedules as text, shrinking, coverage and reports are the same for each mechanism.
//
// The mechanism asks who goes on, because the place that asks decides what a choice costs. A coroutine asks on the stack
// of the thread that stops, so going on itself needs no switch; under the race detector only the worker may ask.
//
// All calls come from one goroutine at a time, except Running and Name, which the watchdog calls while a thread hangs.
//
// A Mechanism may also be a Viewer, and may have four more methods. Knows(point string) bool returns false if the program has no
// point of that name; a replay then says so. With Patience() int, steps at which only one thread could go on do not count toward
// the step limit, but an execution ends after Patience times that limit in all. Without it they count as all others.
// Hopeless() *Failure is asked once of an execution that has come to the step limit: it returns the failure if the first thread can never
// go on, whatever the others do, and nil if that is not known. WaitsOutside() bool says whether a thread waits for something outside of the
// program, which has another clock.
type Mechanism interface {
	// Begin prepares the next execution; nothing of it runs yet. c decides in it until Drop has returned.
	Begin(c *Chooser)
	// Run executes. Whenever a thread has stopped, it asks c.Choose which thread goes on and resumes that one, until none does. It
	// gives failures to c.Fail. If runtime.Goexit ends the goroutine, Run is called again in another one, to continue.
	Run()
	// Drop ends the threads that have not ended; failures in them are ignored. Like Run, it may be called again.
	Drop()
	// Close frees what was kept between executions. It returns what makes all of them doubtful, "" for nothing. Begin may follow.
	Close() (problem string)

	// Candidates appends the threads that can go on, in the order of their numbers.
	Candidates(all []Candidate) []Candidate
	// Due is the earliest time that a thread waits for, if any does; counts says whether a thread waits for one that counts.
	// Jump moves the clock there.
	Due() (at int64, counts, any bool)
	Jump(at int64)
	// Deadlock is called when no thread can go on or waits for a time. It returns nil if that is right; else a failure whose
	// message begins with why.
	Deadlock(why string) *Failure

	// Threads are numbered from 0, below MaxThreads. A schedule that repeats a prefix repeats the numbers, and Name is the same
	// in every execution and in every build.
	Threads() int
	Name(thread int) string
	// Counts says whether it is progress when the thread goes on: a timer of the program that ticks for ever makes none.
	Counts(thread int) bool
	// Remaining lists the threads that have not ended, and where they stand.
	Remaining() string
	// Running describes the thread that has not stopped for too long. It is called from another goroutine while that thread runs.
	Running() Running
}

// Running is a thread that has not stopped for too long. Who names it, and Stack is its stack. Since is the stop that it left
// last, as a clause that begins with a comma. Problem is what else is wrong, if anything. Point is what the mechanism calls its
// points. Advice says, in whole lines, what is usually wrong and what to do.
type Running struct{ Who, Since, Stack, Problem, Point, Advice string }

// A Viewer is a Mechanism that can tell more for a report.
type Viewer interface {
	// View is what a report shows of the moment when a thread has stopped.
	View(stopped Candidate) Sight
}

// MaxThreads is the most threads of an execution.
const MaxThreads = 1 << 13

// NoThread is the thread that stops before any of the program's has run.
const NoThread = -1

// A Candidate is a thread that stands somewhere, and what it does next.
type Candidate struct {
	// Thread numbers the threads of an execution from 0; a schedule that repeats a prefix repeats the numbers.
	Thread int
	// Point is where it stands: AtStart, AtOp, AtEnd, or a point of the program.
	Point PointID
	// Resource is what it touches next: the same number for the same thing, within one execution.
	Resource Resource
	// Site tells apart the places that share a point's name, if the mechanism knows them: the same number for the same place in
	// a search.
	Site uint32
	// Action is what it does there, and Writes whether that changes the resource.
	Action Action
	Writes bool
}

// An Action is what a thread does when it goes on from a point.
type Action uint8

const (
	// Runs is code about which no more is known: what follows a marker.
	Runs Action = iota
	// Waits has waited for a lock, a value or a time, and goes on.
	Waits
	Locks
	Unlocks
	Sends
	Receives
	Loads
	Stores
	// Pauses gives up its turn and touches nothing, so its resource is Nowhere.
	Pauses
	// Fires lets the next timer fire. Only the clock does this (clock.go).
	Fires
)

// A Resource is a piece of what threads share.
type Resource uint32

const (
	// Unknown is what a thread touches after a point that declares no resource: it conflicts with everything, and summaries
	// count it.
	Unknown Resource = iota
	// Everything is touched by what is known to conflict with everything.
	Everything
	// Nowhere is nothing that is shared.
	Nowhere
	firstResource
)

// Addresses numbers the resources of one execution that are known by their addresses. The zero value is ready.
type Addresses struct {
	first   []uintptr // the addresses of the first numbers: most executions have no more
	numbers map[uintptr]Resource
}

// fewAddresses are searched one after another, which is faster than a map.
const fewAddresses = 16

// Of is the number of the resource at an address.
func (a *Addresses) Of(address uintptr) Resource {
	for i, known := range a.first {
		if known == address {
			return firstResource + Resource(i)
		}
	}
	if len(a.first) < fewAddresses {
		a.first = append(a.first, address)
		return firstResource + Resource(len(a.first)-1)
	}
	n, known := a.numbers[address]
	if !known {
		if a.numbers == nil {
			a.numbers = map[uintptr]Resource{}
		}
		n = firstResource + Resource(len(a.first)+len(a.numbers))
		a.numbers[address] = n
	}
	return n
}

// Forget drops all numbers, for the next execution.
func (a *Addresses) Forget() {
	a.first = a.first[:0]
	clear(a.numbers)
}

// Conflict says whether the order of what two threads do next can matter: both touch one resource and one writes. What is
// unknown conflicts with everything. A thread at no point of the program touches nothing.
func Conflict(a, b *Candidate) bool {
	if a.Point < firstPoint || b.Point < firstPoint {
		return false
	}
	if a.Resource <= Everything || b.Resource <= Everything {
		return true
	}
	return a.Resource == b.Resource && (a.Writes || b.Writes)
}
