package sched

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// A Chooser decides which thread goes on in an execution, and records the result. It knows threads only by number.
type Chooser struct {
	mechanism Mechanism
	viewer    Viewer // the mechanism, if it is one
	points    *Points
	strategy  Strategy
	stayer    stayer // the strategy, if it is one
	limit     int
	trail     *Trail // nil if choices are not recorded

	choice   Choice
	at       int        // the thread that went on last, as an index in choice.Enabled; -1 if ChooseAgain cannot use it
	until    int        // the first step for which the strategy must be asked again, if ChooseAgain is called for the steps before
	stopped  *Candidate // the thread that has just stopped
	trace    []step
	hash     uint64
	jumps    int // jumps of the clock since a thread that counts (Mechanism.Counts) last went on
	turns    turns
	passes   int  // points that threads have passed before or after the threads' part, where nothing is chosen
	alone    int  // steps at which only one thread could go on; they do not count toward the limit
	patience int  // an execution has at most patience*limit steps, these included
	turnsAt  int  // the step from which threads take turns, -1 while a strategy is asked
	fired    bool // a timer fired by choice
	finished bool // the threads' part has ended
	enough   bool // the execution ends here, without a failure
	shared   bool // Execution.Shares was called since the last choice

	notes  bool
	noted  []Note
	wrote  []written
	sights []Sight // by step; empty without notes

	// progress counts what is done between two steps, for the watchdog.
	progress atomic.Pointer[func() uint64]

	failedMu sync.Mutex
	failure  *Failure
	beside   []*Failure // further failures: data races, one of each class
	failed   bool
	closed   bool // failures are ignored from now on
}

// A step is one decision: which thread stopped where, what it does next, and which thread went on. It takes 12 bytes.
type step struct {
	from, to int16
	at       uint32 // the point in the low 24 bits, the flags above
	touches  uint32 // the resource, and whether it is written
}

const (
	deviates   uint32 = 1 << (iota + 24) // this is not the default choice
	preemption                           // the thread could have gone on
	waited                               // the thread could not go on
	ownTurn                              // no strategy was asked: the threads took turns
	picked                               // the same thread goes on, and to is the way that it takes (pick.go)
)

func newStep(stopped *Candidate, to int, flags uint32) step {
	s := step{from: int16(stopped.Thread), to: int16(to), at: uint32(stopped.Point) | flags, touches: uint32(stopped.Resource) << 1}
	if stopped.Writes {
		s.touches |= 1
	}
	return s
}

func (s step) point() PointID       { return PointID(s.at & (deviates - 1)) }
func (s step) is(flags uint32) bool { return s.at&flags != 0 }

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// begin prepares the next execution, and reuses the buffers.
func (c *Chooser) begin(m Mechanism, s Strategy) {
	c.mechanism, c.strategy = m, s
	c.viewer, _ = m.(Viewer)
	c.stayer, _ = s.(stayer)
	c.choice = Choice{Enabled: c.choice.Enabled[:0], chooser: c}
	c.at, c.until = -1, 0
	c.trace, c.noted, c.wrote, c.sights = c.trace[:0], c.noted[:0], c.wrote[:0], nil
	c.hash, c.jumps, c.finished, c.enough = fnvOffset, 0, false, false
	c.alone, c.turnsAt, c.fired, c.shared, c.passes = 0, -1, false, false, 0
	c.patience = 1
	if p, is := m.(interface{ Patience() int }); is {
		c.patience = p.Patience()
	}
	c.turns.begin()
	c.failure, c.beside, c.failed, c.closed = nil, nil, false, false
	if c.trail != nil {
		c.trail.begin()
	}
	m.Begin(c)
}

// Points returns the points of the search.
func (c *Chooser) Points() *Points { return c.points }

// Choose is called when a thread has stopped. It returns the thread that goes on; if not ok, the execution is over and none does.
// held is a hash of the local variables of the thread's functions. It matters only while c is Watching.
func (c *Chooser) Choose(stopped *Candidate, held uint64) (thread int, ok bool) {
	if c.over() {
		return 0, false
	}
	c.stopped, c.at = stopped, -1
	choice := &c.choice
	for {
		choice.Enabled = c.mechanism.Candidates(choice.Enabled[:0])
		if len(choice.Enabled) > 0 {
			break
		}
		if !c.jump() {
			c.stuck()
			return 0, false
		}
	}
	choice.Timer = choice.Enabled[len(choice.Enabled)-1].Action == Fires
	if n := c.mechanism.Threads(); n > MaxThreads {
		c.Fail(&Failure{Kind: Unusable, Message: fmt.Sprintf("an execution may have %d threads, and %s is one too many", MaxThreads, c.name(n-1))})
		return 0, false
	}
	choice.Current = -1
	for i := range choice.Enabled {
		if choice.Enabled[i].Thread == stopped.Thread && stopped.Action != Fires {
			choice.Current = i
			break
		}
	}
	choice.Boundary = stopped.Point == AtOp || stopped.Thread == NoThread
	c.turns.see(stopped, held)
	choice.Step = len(c.trace)
	if c.limited() {
		return c.takeTurn()
	}
	if len(choice.Enabled) == 1 {
		c.alone++
	}
	return c.choose()
}

// ChooseAgain is a faster Choose, which does not ask the mechanism for candidates. A mechanism may call it if the thread that
// went on at the last choice has stopped and no other candidate has changed. If not done, nothing has happened: call Choose.
func (c *Chooser) ChooseAgain(stopped *Candidate) (thread int, ok, done bool) {
	choice := &c.choice
	at := c.at
	if at < 0 || choice.Enabled[at].Thread != stopped.Thread || c.over() || c.turns.watching {
		return 0, false, false
	}
	if len(c.trace) < c.until && stopped.Action != Pauses {
		c.stopped = stopped
		if len(choice.Enabled) == 1 {
			c.alone++
		}
		thread, ok = c.goOn(stopped.Thread, 0)
		return thread, ok, true
	}
	if c.limited() {
		return 0, false, false
	}
	c.stopped = stopped
	choice.Enabled[at] = *stopped
	choice.Current, choice.Boundary, choice.Step = at, stopped.Point == AtOp, len(c.trace)
	if len(choice.Enabled) == 1 {
		c.alone++
	}
	thread, ok = c.choose()
	return thread, ok, true
}

// stayUntil returns the first step for which the strategy must be asked again: at the latest that of the step limit.
func (c *Chooser) stayUntil() int {
	now := len(c.trace)
	return min(now+1+c.stayer.Stays(), c.limit+c.alone, max(c.patience, 1)*c.limit)
}

// limited says whether the step limit is reached, so that the strategy is no longer asked.
func (c *Chooser) limited() bool {
	return len(c.trace)-c.alone >= c.limit || len(c.trace) >= max(c.patience, 1)*c.limit
}

// chosen is the part of the trace for which the strategy was asked.
func (c *Chooser) chosen() []step {
	if c.turnsAt >= 0 {
		return c.trace[:c.turnsAt]
	}
	return c.trace
}

// choose asks the strategy.
func (c *Chooser) choose() (thread int, ok bool) {
	choice := &c.choice
	i := c.strategy.Next(choice)
	if uint(i) >= uint(len(choice.Enabled)) {
		if !c.hasFailed() {
			c.Fail(&Failure{Kind: Unusable, Message: fmt.Sprintf("the strategy %s chose %d of %d threads", c.strategy.Name(), i, len(choice.Enabled))})
		}
		return 0, false
	}
	if !choice.Timer { // a strategy may remove the clock from the candidates, so ChooseAgain could not use them
		c.at = i
		if c.stayer != nil {
			c.until = c.stayUntil()
		}
	}
	flags := uint32(0)
	if choice.Current < 0 {
		flags = waited
	}
	switch fires := choice.Enabled[i].Action == Fires; {
	case fires:
		flags |= deviates | preemption
		c.fired = true
	case i != choice.Default():
		flags |= deviates
		if choice.Current >= 0 && !choice.Boundary {
			flags |= preemption
		}
	}
	return c.goOn(choice.Enabled[i].Thread, flags)
}

// ErrStrayed is wrapped by a failure that says: the same choices made a different execution before, or the execution cannot go
// on because of something that no choice decides.
var ErrStrayed = errors.New("the execution strayed")

const lookFor = "Look for the wall clock, randomness, the order of a map, or state that is left from the execution before"

// strayed fails an execution that repeats choices, when the number of threads that can go on differs from the execution before.
func (c *Choice) strayed(before int) {
	x := c.chooser
	where := ""
	if s := x.stopped; s.Thread >= 0 && int(s.Point) < x.points.Count() {
		name, _, _ := x.points.At(s.Point)
		where = fmt.Sprintf(", where %s has come to %s,", x.name(s.Thread), name)
	}
	x.Fail(&Failure{Kind: Unusable, Err: ErrStrayed, Message: fmt.Sprintf("the same choices made a different execution: at choice %d of an earlier one%s %s could go on, and now %s can",
		c.Step+1, where, counted(before, "thread", "threads"), x.names(c.Enabled))})
}

// goOn records a step.
func (c *Chooser) goOn(to int, flags uint32) (thread int, ok bool) {
	c.trace = append(c.trace, newStep(c.stopped, to, flags))
	if c.trail != nil {
		c.trail.add(uint16(to))
	}
	if c.notes {
		c.view()
	}
	c.hash = (c.hash ^ uint64(to+1)) * fnvPrime
	if c.jumps > 0 && c.mechanism.Counts(to) {
		c.jumps = 0
		if !c.TakesTurns() {
			c.turns.forget()
		}
	}
	return to, true
}

// Pass is Choose before the threads begin and after they have ended: nothing is chosen, and the first candidate goes on.
func (c *Chooser) Pass(stopped *Candidate, held uint64) (thread int, ok bool) {
	if c.over() {
		return 0, false
	}
	c.at = -1
	c.turns.see(stopped, held)
	lingers := c.Lingering()
	for {
		c.choice.Enabled = c.mechanism.Candidates(c.choice.Enabled[:0])
		switch {
		case len(c.choice.Enabled) == 0:
		case lingers:
			return c.passInTurn(stopped)
		default:
			return c.choice.Enabled[0].Thread, true
		}
		if c.jumps >= 2*c.limit {
			c.giveUpLingering(fmt.Sprintf("%d sleeps %s", c.jumps, c.part()))
			return 0, false
		}
		c.passes++
		c.turns.watching = c.turns.watching || c.jumps >= c.limit
		if !c.jump() {
			c.stuck()
			return 0, false
		}
	}
}

// jump moves the clock to the earliest time that a thread waits for. It refuses when only timers tick, for ever: that is no
// progress.
func (c *Chooser) jump() bool {
	earliest, counts, any := c.mechanism.Due()
	if !any || !counts && c.ticksForEver() {
		return false
	}
	c.jumps++
	if c.turns.began == 0 {
		c.turns.began = earliest
	}
	c.turns.now = earliest
	c.mechanism.Jump(earliest)
	return true
}

// stuck is called when no thread can ever go on.
func (c *Chooser) stuck() {
	why := "no thread can go on: "
	if c.jumps >= c.mostTicks() {
		why = fmt.Sprintf("no client can go on, and timers have ticked %d times, always the same: ", c.jumps)
	}
	if f := c.mechanism.Deadlock(why); f != nil {
		c.Fail(f)
	}
}

// Steps is the number of choices so far in this execution.
func (c *Chooser) Steps() int { return len(c.trace) }

// Finish is called when the threads' part has ended. From then on a mechanism lets the others Pass, or it goes on to ask who goes on.
//
//go:norace
func (c *Chooser) Finish() {
	if !c.finished {
		c.finished, c.passes = true, 0
	}
}

// Enough ends the execution at this step, with no failure.
//
//go:norace
func (c *Chooser) Enough() { c.enough = true }

// over says whether no thread may go on.
func (c *Chooser) over() bool { return c.enough || c.hasFailed() }

// Watching says whether Choose needs held.
//
//go:norace
func (c *Chooser) Watching() bool { return c.turns.watching }

// Noting says whether a report is being made: then notes are kept, and a Viewer is asked.
//
//go:norace
func (c *Chooser) Noting() bool { return c.notes }

// Note keeps a note at this step. Threads may call it: the worker reads the notes after all of them have ended.
//
//go:norace
func (c *Chooser) Note(n Note) {
	n.Step = len(c.trace)
	c.noted = append(c.noted, n)
}

// A written text was written by a thread before that step.
type written struct {
	step, thread int
	text         string
}

// mostWritten bounds the texts that are kept: the newest, and up to as many before them.
const mostWritten = 500

// Wrote keeps what a thread has written, for Outcome.Written. Threads may call it, as they may call Note.
//
//go:norace
func (c *Chooser) Wrote(thread int, text string) {
	if len(c.wrote) == 2*mostWritten {
		c.wrote = c.wrote[:copy(c.wrote, c.wrote[mostWritten:])]
	}
	c.wrote = append(c.wrote, written{len(c.trace), thread, text})
}

// A Sight is what a report shows of the moment when a thread had stopped.
type Sight struct {
	// Place is where the thread stands in the source, nil if unknown. State is what an Observer saw. Learned names the fields of
	// State that the thread has just read.
	Place   *runtime.Frame
	State   []Field
	Learned []string
}

func (c *Chooser) view() {
	var s Sight
	if c.viewer != nil {
		s = c.viewer.View(*c.stopped)
	}
	c.sights = append(c.sights, s)
}

// Fail keeps the first failure of an execution, and ignores those after the execution was dropped. The race detector takes the
// lock for an order between the thread and the scheduler; that hides nothing, because the execution is over anyway.
//
//go:norace
func (c *Chooser) Fail(f *Failure) {
	c.failedMu.Lock()
	if c.failure == nil && !c.closed {
		f.Step, f.Timing = len(c.trace), f.Timing || c.fired
		c.failure, c.failed = f, true
	}
	c.failedMu.Unlock()
}

// failBeside keeps a failure that neither hides another one nor is hidden by it: a data race, which the detector may report in an
// execution that also panics.
func (c *Chooser) failBeside(f *Failure) {
	if c.failure == nil {
		c.Fail(f)
		return
	}
	f.Timing = f.Timing || c.fired
	for _, known := range append(c.beside, c.failure) {
		if known.Class() == f.Class() {
			return
		}
	}
	f.Step = len(c.trace)
	c.beside = append(c.beside, f)
}

// Doubt replaces any failure, because the execution says nothing.
func (c *Chooser) Doubt(problem string) {
	c.failure, c.failed = &Failure{Kind: Unusable, Message: problem, Step: len(c.trace)}, true
}

// Remark adds a note to the failure about how the execution ended.
//
//go:norace
func (c *Chooser) Remark(text string) {
	c.failedMu.Lock()
	if c.failure != nil && c.failure.Note == "" {
		c.failure.Note = text
	}
	c.failedMu.Unlock()
}

//go:norace
func (c *Chooser) hasFailed() bool { return c.failed }

//go:norace
func (c *Chooser) name(thread int) string { return c.mechanism.Name(thread) }
