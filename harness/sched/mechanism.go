package sched

// A Mechanism stops and resumes the threads of one execution after the other: markers under coroutines, markers under a baton,
// or anything else that can name its threads and hold them between two steps. All that is above it sees candidates and numbers
// of threads only: strategies, searches, schedules as text, shrinking, coverage and reports are the same for each.
//
// The mechanism asks and does not answer, because who asks decides what a choice costs: a coroutine asks on the stack of the
// thread that stops, so that one that goes on itself needs no switch; under the race detector only the worker may ask.
//
// All calls are of one goroutine at a time, but for Running and Name, which the watchdog calls while a thread hangs. A Mechanism may
// be a Viewer too, and may have a method Knows(point string) bool: false if the program has no point of that name, which a
// replay then says; and a method Patience() int: so many times the step limit an execution may be long if it has steps at which only one
// thread could go on, which then count for no limit otherwise. Without it they count as all others.
type Mechanism interface {
	// Begin prepares the next execution, of which nothing runs yet. c decides in it until Drop has returned.
	Begin(c *Chooser)
	// Run executes. Whenever a thread has stopped, it asks c.Choose who goes on, and resumes that one, until it is nobody. What
	// fails meanwhile it gives to c.Fail. If runtime.Goexit ends the goroutine, Run is called again in another one, to go on.
	Run()
	// Drop ends the threads that have not ended; what fails in them is nobody's business. It is called again as Run is.
	Drop()
	// Close frees what was kept between executions, and returns what makes all of them doubtful, "" for nothing. Begin may follow.
	Close() (problem string)

	// Candidates appends the threads that can go on, in the order of their numbers.
	Candidates(all []Candidate) []Candidate
	// Due is the earliest time that a thread waits for, if any does; counts says whether a thread waits for one that counts.
	// Jump moves the clock there.
	Due() (at int64, counts, any bool)
	Jump(at int64)
	// Deadlock is asked when nobody can go on, nor waits for a time. It returns nil if that is right; why begins the message else.
	Deadlock(why string) *Failure

	// Threads are numbered from 0, below MaxThreads. A schedule that repeats a prefix repeats the numbers, and Name is the same
	// in every execution and in every build.
	Threads() int
	Name(thread int) string
	// Counts says whether it is progress when the thread goes on: a timer of the program that ticks for ever is none.
	Counts(thread int) bool
	// Remaining lists the threads that have not ended, and where they stand.
	Remaining() string
	// Running describes the thread that has not stopped for too long. It is called from another goroutine while that thread runs.
	Running() Running
}

// Running is a thread that has not stopped for too long: who it is, the stop that it has left last, as a clause that begins with
// a comma, its stack, and what else is wrong, if anything is. Point is what the mechanism calls its points, and Advice says, in whole lines,
// what is wrong most often and what to do.
type Running struct{ Who, Since, Stack, Problem, Point, Advice string }

// A Viewer is a Mechanism that can tell more for a report.
type Viewer interface {
	// View is what is to be seen when a thread has stopped.
	View(stopped Candidate) Sight
}

// MaxThreads is how many threads an execution may have.
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
	// Site tells the places apart that share a point's name, where the mechanism knows them: the same number for the same place in a search.
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
	// Fires lets the next timer fire: it is the clock that does so (clock.go).
	Fires
)

// A Resource is a piece of what threads share.
type Resource uint32

const (
	// Unknown is what a thread touches of which nobody has said anything: it conflicts with everything, and summaries count it.
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

// fewAddresses are looked for one after the other, which is faster than a map.
const fewAddresses = 16

// Of is the number of what lies at an address.
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

// Forget has the next execution begin anew.
func (a *Addresses) Forget() {
	a.first = a.first[:0]
	clear(a.numbers)
}

// Conflict says whether what two threads do next can depend on its order: both touch one resource and one writes. What is
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
