//go:build race

package sched

import "github.com/racewindow/racewindow/failpoints/raceoff"

// Markers under a baton: under -race a thread is a goroutine, and a baton passes between it and the worker. The detector sees
// the go statement and that a thread ends before Finally, and nothing of the baton.

const raceEnabled = true

type carrier struct {
	wake   chan struct{}
	joined chan struct{} // closed when the thread has ended; the detector sees this
}

// A pool holds the worker's end of the baton.
type pool struct{ stopped chan struct{} }

func newPool() *pool { return &pool{stopped: make(chan struct{}, 1)} }

func (p *pool) close() {}

// life is what a thread's goroutine does.
//
//go:norace
func (t *thread) life() {
	t.goroutine = goroutine()
	raceoff.Disable()
	<-t.carrier.wake
	raceoff.Enable()
	defer t.passBaton()
	defer close(t.carrier.joined)
	t.run()
}

//go:norace
func (t *thread) passBaton() {
	raceoff.Disable()
	t.x.pool.stopped <- struct{}{}
	raceoff.Enable()
}

//go:norace
func (t *thread) prepare() {
	t.carrier = carrier{make(chan struct{}, 1), make(chan struct{})}
}

func (x *Execution) start(t *thread) {
	t.prepare()
	go t.life()
}

// startClients is called by the main thread, so that the detector sees that thread execute the go statements.
//
//go:norace
func (x *Execution) startClients() {
	for _, t := range x.clients { // named before the scenario's function waited
		x.start(t)
	}
	for t := x.spawned; t != nil; t = t.nexts {
		if t.client {
			x.start(t)
		}
	}
}

// carry returns the function that the task's parent starts as a goroutine.
//
//go:norace
func (t *thread) carry() func() {
	t.prepare()
	return t.life
}

//go:norace
func (t *thread) handOver() {
	wake := t.carrier.wake
	raceoff.Disable()
	t.x.pool.stopped <- struct{}{}
	<-wake
	raceoff.Enable()
}

// join orders the ends of the clients before what the main thread does next, as waiting for them would.
//
//go:norace
func (x *Execution) join() {
	if x.over {
		return
	}
	for _, t := range x.clients {
		<-t.carrier.joined
	}
}

// resume passes the baton to the upcoming thread, takes it back after that has stopped, and decides.
func (x *Execution) resume() {
	t := x.upcoming
	raceoff.Disable()
	t.carrier.wake <- struct{}{}
	<-x.pool.stopped
	raceoff.Enable()
	if t.state == ended {
		<-t.carrier.joined // from now on the worker reads what it wrote
	}
	x.decide(t)
}
