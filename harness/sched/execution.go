package sched

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/racewindow/racewindow/failpoints"
)

// A Scenario prepares an execution: it makes what is to be tested, names the threads (Execution.Go) and says what must hold
// (Execution.Finally, Execution.Invariant). It is called anew for every schedule and must do the same each time. Several workers
// call it side by side (Options.Workers), so what it makes must be new each time: variables outside of it are shared.
type Scenario func(x *Execution)

type phase uint8

const (
	phaseSetup   phase = iota // the scenario's function runs
	phaseThreads              // the strategy has the choice
	phaseFinish               // what Finally was given runs
)

// An Execution is one run of a scenario under one schedule.
type Execution struct {
	worker   *worker
	scenario Scenario
	strategy Strategy

	main      *thread
	clients   []*thread
	threads   []*thread // clients, then tasks
	spawned   *thread   // not adopted yet, the newest first
	spare     []*thread // of earlier executions; never under -race, where an old order would show
	phase     phase
	over      bool // threads that stop now are unwound
	live      int  // clients that have not ended
	upcoming  *thread
	stopped   *thread // about whom the strategy is asked
	faults    func(thread string, p *failpoints.Point, hit int) (value any, fires bool)
	finally   func(*T)
	invariant func() error
	stuck     func() error
	atEnd     []func()
	tasksMay  bool // outlive the execution

	now   int64 // virtual nanoseconds
	jumps int   // of the clock since a client went on
	turns turns

	choice Choice
	trace  []step
	hash   uint64
	limit  int
	notes  bool
	noted  []Note

	observer Observer
	sights   []sight // by step, if there are notes
	moment   int

	enough   bool // the rest shows nothing
	failedMu sync.Mutex
	failure  *Failure
	failed   bool
	pool     *pool
}

// A step is one decision: who stopped where, and who went on.
type step struct {
	from, to int16
	at       uint16 // code of the arrival
	flags    uint8
}

const (
	deviates   uint8 = 1 << iota // from what happens without a switch
	preemption                   // the thread could have gone on
	waited                       // the thread could not go on
	ownTurn                      // no strategy was asked: the threads took turns
)

const mainThread = -1

func (a arrival) code() uint16 {
	if a.kind == atPoint {
		return uint16(a.point.ID()) + uint16(atEnd) + 1
	}
	return uint16(a.kind)
}

// Context is under the scheduler's control: for what the scenario's function itself calls.
func (x *Execution) Context() context.Context { return x.main.ctx }

// Fail says that the scenario cannot be prepared, and ends it.
func (x *Execution) Fail(err error) { x.main.t.Fail(err) }

// Go names a thread. It starts when the scenario's function has returned. The order in which threads are named is the order
// in which they run where the schedule says nothing.
//
//go:norace
func (x *Execution) Go(name string, body func(t *T)) {
	t := newThread(x, name, true)
	t.body, t.late = body, x.phase != phaseSetup
	t.nexts, x.spawned = x.spawned, t
}

// Finally names what runs when all threads have ended, alone. Tasks go on meanwhile where it waits for them. When it has returned,
// time passes for those that sleep; one that does not end then is a leak, unless TasksMayRemain.
//
//go:norace
func (x *Execution) Finally(body func(t *T)) { x.finally = body }

// Invariant names what must hold at every step, between two threads. It must only look, and must not wait. A build with
// -race refuses it: to look would be a data race.
//
//go:norace
func (x *Execution) Invariant(holds func() error) {
	if raceEnabled && holds != nil {
		x.fail(&Failure{Kind: Unusable, Message: "Execution.Invariant looks at what threads share between two steps, which would be a data race in this build: " +
			"run without -race, or say in Finally what must hold"})
		return
	}
	x.invariant = holds
}

// Stuck names who judges that no thread can ever go on, between two threads: nil says that this is right, and ends the execution.
// Without it that is a deadlock. It must not wait.
//
//go:norace
func (x *Execution) Stuck(judge func() error) { x.stuck = judge }

// AtEnd has something done when the execution is over and its threads have ended.
//
//go:norace
func (x *Execution) AtEnd(do func()) { x.atEnd = append(x.atEnd, do) }

// TasksMayRemain says that tasks which still wait when all is over are no leak.
//
//go:norace
func (x *Execution) TasksMayRemain() { x.tasksMay = true }

// begin makes x ready for the next schedule, keeping what can be used again.
func (x *Execution) begin(s Strategy) {
	x.strategy = s
	if !raceEnabled && x.main != nil {
		x.spare = append(append(x.spare[:0], x.main), x.threads...)
	}
	x.clients, x.threads, x.trace, x.noted = x.clients[:0], x.threads[:0], x.trace[:0], x.noted[:0]
	x.spawned, x.phase, x.over, x.live, x.finally, x.invariant, x.tasksMay = nil, phaseSetup, false, 0, nil, nil, false
	x.stuck, x.atEnd = nil, x.atEnd[:0]
	x.now, x.jumps, x.hash = 0, 0, fnvOffset
	x.turns.begin()
	x.faults, x.enough = nil, false
	x.failure, x.failed = nil, false
	x.observer, x.sights, x.moment = nil, nil, 0
	x.choice = Choice{Enabled: x.choice.Enabled[:0], execution: x}
	x.main = newThread(x, "main", false)
	x.main.id, x.main.body = mainThread, x.mainBody
	x.start(x.main)
	x.upcoming = x.main
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// mainBody is what the main thread does: the scenario's function, a pause while the threads run, then what must hold.
func (x *Execution) mainBody(t *T) {
	x.scenario(x)
	x.startClients()
	x.park()
	if x.finally != nil {
		x.finally(t)
	}
}

//go:norace
func (x *Execution) park() {
	x.phase = phaseThreads
	x.main.state, x.main.at = parked, arrival{kind: atStart}
	x.main.stop()
	x.join()
}

// decide is called when t has stopped. It says who goes on: nobody, when all is over.
func (x *Execution) decide(t *thread) {
	x.adopt()
	if x.over || x.enough || x.hasFailed() {
		x.upcoming = nil
		return
	}
	if x.phase == phaseThreads {
		if t.client && t.state == ended {
			x.live--
		}
		if t == x.main {
			x.assemble()
		}
		if x.live == 0 && !x.hasFailed() {
			if !x.holds(t) { // the last step counts too
				x.upcoming = nil
				return
			}
			x.phase, x.main.state = phaseFinish, ready
		}
	}
	if x.phase == phaseThreads {
		x.upcoming = x.choose(t)
		return
	}
	x.upcoming = x.pass(t)
}

// assemble puts the clients before the tasks, and numbers both.
func (x *Execution) assemble() {
	tasks := append([]*thread(nil), x.threads...)
	x.threads = append(append(x.threads[:0], x.clients...), tasks...)
	for i, t := range x.threads {
		t.id = i
	}
	x.live = len(x.clients)
	if problem := x.misnamed(); problem != "" {
		x.fail(&Failure{Kind: Unusable, Message: problem})
	}
}

// adopt takes in the threads that were made since the last decision.
func (x *Execution) adopt() {
	if x.spawned == nil {
		return
	}
	var newest []*thread
	for t := x.spawned; t != nil; t = t.nexts {
		newest = append(newest, t)
	}
	x.spawned = nil
	for i := len(newest) - 1; i >= 0; i-- {
		t := newest[i]
		if t.late {
			x.fail(&Failure{Kind: Unusable, Thread: t.name, Message: "Execution.Go is for the scenario's function: a thread starts another one with failpoints.Go"})
			continue
		}
		if t.client {
			x.clients = append(x.clients, t)
			continue
		}
		if !isThreadName(t.name) {
			x.fail(&Failure{Kind: Unusable, Thread: t.name, Message: "the name of this task cannot stand in a schedule"})
		}
		t.name = x.unused(t.name)
		t.id = len(x.threads)
		x.threads = append(x.threads, t)
	}
}

// unused numbers a name that another thread has.
func (x *Execution) unused(name string) string {
	n := 1
	for _, t := range x.threads {
		if t.name == name || strings.HasPrefix(t.name, name+"#") {
			n++
		}
	}
	if n > 1 {
		return fmt.Sprintf("%s#%d", name, n)
	}
	return name
}

// canGoOn says whether t could be resumed.
func (x *Execution) canGoOn(t *thread) bool {
	switch t.state {
	case ready:
		return true
	case waiting:
		return t.wait.Ready() || !t.wait.Deadline.IsZero() && x.now >= t.wait.Deadline.UnixNano()
	}
	return false
}

// holds asks the invariant. It says whether the execution goes on.
func (x *Execution) holds(t *thread) bool {
	x.stopped = t
	if x.invariant == nil {
		return true
	}
	err := x.invariant()
	var unusable UnusableError
	switch {
	case errors.As(err, &unusable):
		x.fail(&Failure{Kind: Unusable, Thread: t.name, Message: err.Error(), Err: err})
	case err != nil:
		x.fail(&Failure{Kind: Invariant, Thread: t.name, Message: err.Error(), Err: err})
	}
	return err == nil && !x.enough
}

// choose asks the strategy.
func (x *Execution) choose(t *thread) *thread {
	if !x.holds(t) {
		return nil
	}
	c := &x.choice
	for {
		c.Enabled, c.Current = c.Enabled[:0], -1
		for _, u := range x.threads {
			if u.state == ready || u.state == waiting && x.canGoOn(u) {
				if u == t {
					c.Current = len(c.Enabled)
				}
				c.Enabled = append(c.Enabled, Candidate{Thread: u.id, Point: u.at.point})
			}
		}
		if len(c.Enabled) > 0 {
			break
		}
		if !x.jump() {
			x.failDeadlock()
			return nil
		}
	}
	c.Boundary = t.at.kind == atOp || t == x.main
	x.turns.see(x, t)
	if c.Step = len(x.trace); c.Step >= x.limit {
		return x.takeTurn(t)
	}
	return x.chosen(t)
}

func (x *Execution) chosen(t *thread) *thread {
	c := &x.choice
	i := x.strategy.Next(c)
	if uint(i) >= uint(len(c.Enabled)) {
		if !x.hasFailed() {
			x.fail(&Failure{Kind: Unusable, Message: fmt.Sprintf("the strategy %s chose %d of %d threads", x.strategy.Name(), i, len(c.Enabled))})
		}
		return nil
	}
	s := step{from: int16(t.id), to: int16(c.Enabled[i].Thread), at: t.at.code()}
	switch {
	case c.Current < 0:
		s.flags = waited
		if i != 0 {
			s.flags |= deviates
		}
	case i != c.Current:
		s.flags = deviates
		if !c.Boundary {
			s.flags |= preemption
		}
	}
	return x.goOn(t, s)
}

// goOn takes a step.
func (x *Execution) goOn(t *thread, s step) *thread {
	x.trace = append(x.trace, s)
	x.see(t)
	x.hash = (x.hash ^ uint64(s.to+1)) * fnvPrime
	next := x.threads[s.to]
	if next.client && x.jumps > 0 {
		x.jumps = 0
		if !x.tookTurns() {
			x.turns.forget()
		}
	}
	next.state = ready
	return next
}

// pass picks who goes on while nothing is to be chosen: the main thread if it can, else a task. When the main thread has ended too,
// time passes for tasks that sleep: one that ends then is no leak.
func (x *Execution) pass(t *thread) *thread {
	x.turns.see(x, t)
	for {
		if x.canGoOn(x.main) {
			x.main.state = ready
			return x.main
		}
		for _, t := range x.threads {
			if x.canGoOn(t) {
				t.state = ready
				return t
			}
		}
		if x.main.state == ended && x.tasksMay {
			return nil
		}
		if x.jumps >= 2*x.limit {
			x.giveUp()
			return nil
		}
		if !x.jump() {
			if x.main.state != ended {
				x.failDeadlock()
			}
			return nil
		}
	}
}
