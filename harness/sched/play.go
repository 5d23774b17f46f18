package sched

import (
	"context"
	"errors"
	"time"

	"github.com/racewindow/racewindow/failpoints"
)

// Goroutines executes scenarios where the runtime holds the program's goroutines (package harness/plain/driver). Then the
// code under test needs no marker: a thread is a goroutine, and so is whatever it starts.
type Goroutines interface {
	// Mechanism makes a mechanism that executes plays of the scenario.
	Mechanism(s Scenario) Mechanism
	// Outside calls do, which opens executions of its own, from whichever goroutine.
	Outside(do func())
}

// goroutines is nil where threads stop at markers.
var goroutines Goroutines

// UseGoroutines makes every later scenario run that way, one worker at a time.
func UseGoroutines(g Goroutines) { goroutines = g }

// OnGoroutines says whether UseGoroutines was called.
func OnGoroutines() bool { return goroutines != nil }

// outside calls do, which opens executions.
func outside(do func()) {
	if goroutines == nil {
		do()
		return
	}
	goroutines.Outside(do)
}

// A Play is an execution of a scenario on goroutines. The mechanism runs Live as its first thread, and says who goes on.
type Play struct {
	Execution
	// Start starts a goroutine under a name. Stop stops the calling goroutine: at the marker p, or between two operations if p
	// is nil. AtDisk stops it after an operation of a disk.
	Start  func(name string, live func())
	Stop   func(p *failpoints.Point)
	AtDisk func()
	// Advance moves the clock.
	Advance func(d time.Duration)

	ended chan struct{} // closed when the last client has ended
}

// Stage says what a mechanism must know of a play.
type Stage uint8

const (
	// SetsUp: the scenario's function runs, and nothing is chosen.
	SetsUp Stage = iota
	// Plays: the clients run, and the first thread waits for them.
	Plays
	// HasPlayed: the clients have ended. Nothing is chosen any more.
	HasPlayed
)

// Begin prepares the next execution.
func (p *Play) Begin(s Scenario, c *Chooser) {
	p.Execution = Execution{scenario: s, chooser: c, play: p}
	p.main = p.thread("main", false)
	p.main.id, p.main.body = NoThread, p.mainBody
}

// thread makes a thread. Its context has a controller for markers only: waiting, starting goroutines and the time are the
// runtime's.
func (p *Play) thread(name string, client bool) *thread {
	t := &thread{x: &p.Execution, name: name, client: client}
	t.t.thread = t
	t.ctx = failpoints.With(context.Background(), marked{t})
	return t
}

// A marked thread stops at markers, if there are any.
type marked struct{ thread *thread }

// Yield stops at a marker.
func (m marked) Yield(_ context.Context, p *failpoints.Point) {
	if m.thread.x.phase == phaseThreads {
		m.thread.x.play.Stop(p)
	}
}

// AtDisk is a point after an operation of a disk, for code without markers. It does nothing where there are markers.
func (x *Execution) AtDisk() {
	if x.play != nil && x.phase == phaseThreads {
		x.play.AtDisk()
	}
}

// Fault delivers what Execution.Faults says.
func (m marked) Fault(ctx context.Context, p *failpoints.Point) (any, bool) {
	return m.thread.Fault(ctx, p)
}

// Live is the life of the first thread.
func (p *Play) Live() { p.main.run() }

func (p *Play) mainBody(t *T) {
	p.ended = make(chan struct{}) // made here, so that it belongs to the bubble
	p.scenario(&p.Execution)
	p.adopt()
	p.live = len(p.clients)
	p.phase = phaseThreads
	for _, c := range p.clients {
		p.Start(c.name, func() { p.client(c) })
	}
	if p.live > 0 {
		<-p.ended
	}
	p.phase = phaseFinish
	if p.finally != nil {
		p.finally(t)
	}
}

func (p *Play) client(t *thread) {
	defer p.left()
	t.run()
}

func (p *Play) left() {
	if p.live--; p.live == 0 {
		close(p.ended)
	}
}

// Stage says how far the execution is.
func (p *Play) Stage() Stage {
	switch {
	case p.phase == phaseSetup:
		return SetsUp
	case p.phase == phaseThreads && p.live > 0:
		return Plays
	}
	return HasPlayed
}

// Watched says whether something must hold at every step.
func (p *Play) Watched() bool { return p.invariant != nil }

// Holds asks the invariant after a thread has stopped. It says whether the execution goes on.
func (p *Play) Holds(stopped *Candidate, name string) bool { return p.holds(stopped, name) }

// TasksMay says whether tasks may outlive the execution.
func (p *Play) TasksMay() bool { return p.tasksMay }

// Stuck is called while the clients play and none can go on or waits for a time. remaining lists them.
func (p *Play) Stuck(why, remaining string) *Failure { return p.judgeStuck(why, remaining) }

// End calls the functions given to AtEnd.
func (p *Play) End() {
	for _, do := range p.atEnd {
		do()
	}
}

// Marker returns what a thread does after a marker.
func (p *Play) Marker(at *failpoints.Point, thread int) (Candidate, error) {
	id := at.ID()
	if id >= len(p.known) || p.known[id].Point < firstPoint {
		if err := p.meet(at); err != nil {
			return Candidate{}, err
		}
	}
	c := p.known[id]
	c.Thread = thread
	return c, nil
}

// judgeStuck asks the scenario's judge, if there is one, whether it is right that no thread can ever go on.
func (x *Execution) judgeStuck(why, remaining string) *Failure {
	if x.stuck == nil {
		return &Failure{Kind: Deadlock, Message: why + remaining}
	}
	err := x.stuck()
	var unusable UnusableError
	switch {
	case err == nil:
		x.chooser.Enough()
		return nil
	case errors.As(err, &unusable):
		return &Failure{Kind: Unusable, Message: err.Error(), Err: err}
	}
	return &Failure{Kind: Deadlock, Message: err.Error() + "; no thread can go on: " + remaining, Err: err}
}

// advance moves the clock.
//
//go:norace
func (x *Execution) advance(d time.Duration) {
	if x.play != nil {
		x.play.Advance(d)
		return
	}
	x.now += int64(d)
}
