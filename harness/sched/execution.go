package sched

import (
	"context"

	"github.com/racewindow/racewindow/failpoints"
)

// A Scenario prepares an execution: it makes what is to be tested, names the threads (Execution.Go) and says what must hold
// (Execution.Finally, Execution.Invariant). It is called anew for every schedule and must do the same each time. Several workers
// call it at the same time (Options.Workers), so what it makes must be new each time: they share the variables outside of it.
type Scenario func(x *Execution)

type phase uint8

const (
	phaseSetup   phase = iota // the scenario's function runs
	phaseThreads              // the strategy has the choice
	phaseFinish               // what Finally was given runs
)

// An Execution is one run of a scenario under one schedule.
type Execution struct {
	scenario Scenario
	chooser  *Chooser
	play     *Play // nil where threads come to markers

	main      *thread
	clients   []*thread
	threads   []*thread // clients, then tasks
	spawned   *thread   // not adopted yet, the newest first
	spare     []*thread // reused from earlier executions; never under -race, where the detector would see an old order
	mainDoes  func(*T)
	kept      any
	phase     phase
	over      bool // threads that stop now are unwound
	live      int  // clients that have not ended
	upcoming  *thread
	faults    func(thread string, p *failpoints.Point, hit int) (value any, fires bool)
	finally   func(*T)
	invariant func() error
	stuck     func() error
	atEnd     []func()
	tasksMay  bool // tasks may outlive the execution

	now      int64 // virtual nanoseconds
	observer Observer
	moment   int

	known []Candidate // by failpoint ID: what a thread that stands there does next
	also  [][]touch   // by point: what it touches besides, where somebody has asked
	// besides is the same as the program declares it.
	besides [][]failpoints.Touch
	named   bool // the names of the clients have been checked
	stray   stray
	pool    *pool
}

// Context is a context under the scheduler's control, for what the scenario's function itself calls.
func (x *Execution) Context() context.Context { return x.main.ctx }

// Fail says that the scenario cannot be prepared, and ends it.
func (x *Execution) Fail(err error) { x.main.t.Fail(err) }

// Go adds a thread. It starts after the scenario's function has returned. Where the schedule says nothing, threads run in the
// order in which they were added.
//
//go:norace
func (x *Execution) Go(name string, body func(t *T)) {
	t := newThread(x, name, true)
	t.body, t.late = body, x.phase != phaseSetup
	t.nexts, x.spawned = x.spawned, t
}

// Keep leaves v for the next execution by the same worker, which takes it with Kept: memory that need not be made anew. Call it when
// all else is done, so that an execution that ends early leaves nothing. Under -race nothing is left: the detector would see an
// order between two executions.
func (x *Execution) Keep(v any) {
	if !raceEnabled {
		x.kept = v
	}
}

// Kept takes what the execution before has left, nil if that is nothing.
func (x *Execution) Kept() (v any) {
	if !raceEnabled {
		v, x.kept = x.kept, nil
	}
	return v
}

// Finally names the function that runs, alone, after all threads have ended. Tasks go on while it waits for them. After it has
// returned, time passes for tasks that sleep; a task that does not end then is a leak, unless TasksMayRemain.
//
//go:norace
func (x *Execution) Finally(body func(t *T)) { x.finally = body }

// Invariant names what must hold at every step, between two threads. It must only read, and must not wait. A build with
// -race refuses it: the read would be a data race.
//
//go:norace
func (x *Execution) Invariant(holds func() error) {
	if raceEnabled && holds != nil {
		x.chooser.Fail(&Failure{Kind: Unusable, Message: "Execution.Invariant looks at what threads share between two steps, which would be a data race in this build: " +
			"run without -race, or say in Finally what must hold"})
		return
	}
	x.invariant = holds
}

// Stuck names the function that judges an execution in which no thread can ever go on. It is called between two threads. If it
// returns nil, that is right, and the execution ends. Without it, that is a deadlock. It must not wait.
//
//go:norace
func (x *Execution) Stuck(judge func() error) { x.stuck = judge }

// Shares says that the thread that runs now touches, before its next stop, what no point declares and other threads touch too: a
// count that the scenario keeps beside the system under test, say. A search then takes no order of this step and another one as
// arbitrary (Options.Reduced). What happens between two operations need not be told. What an operation does before its first point
// is in no declaration, so it must be told.
//
//go:norace
func (x *Execution) Shares() { x.chooser.shared = true }

// AtEnd adds a function that is called after the execution is over and its threads have ended.
//
//go:norace
func (x *Execution) AtEnd(do func()) { x.atEnd = append(x.atEnd, do) }

// TasksMayRemain says that tasks which still wait at the end are no leak.
//
//go:norace
func (x *Execution) TasksMayRemain() { x.tasksMay = true }
