//go:build !race

package sched

import "iter"

// Markers under coroutines: without the race detector a thread runs on a coroutine. The thread that stops makes the choice on
// its own stack, so that going on itself costs no switch.

const raceEnabled = false

type carrier = *coroutine

// A coroutine carries one thread after another.
type coroutine struct {
	resume    func() (struct{}, bool)
	yield     func(struct{}) bool
	finish    func()
	goroutine uintptr
	thread    *thread
}

// A pool keeps coroutines without a thread. It belongs to one worker.
type pool struct{ free []*coroutine }

func newPool() *pool { return &pool{} }

func (p *pool) get() *coroutine {
	if n := len(p.free); n > 0 {
		c := p.free[n-1]
		p.free = p.free[:n-1]
		return c
	}
	c := &coroutine{}
	c.resume, c.finish = iter.Pull(c.carry)
	c.resume() // so that it knows its goroutine
	return c
}

// close ends the free coroutines; get makes new ones when they are needed.
func (p *pool) close() {
	for _, c := range p.free {
		c.finish()
	}
	p.free = nil
}

func (c *coroutine) carry(yield func(struct{}) bool) {
	c.yield, c.goroutine = yield, goroutine()
	for yield(struct{}{}) {
		c.carryOne()
	}
}

// carryOne decides even if runtime.Goexit ends the thread. The coroutine is lost then, and the worker starts again.
func (c *coroutine) carryOne() {
	t := c.thread
	defer t.x.decide(t)
	t.run()
	c.thread = nil
	t.x.pool.free = append(t.x.pool.free, c)
}

// start gives a thread its coroutine; nothing of it runs yet.
func (x *Execution) start(t *thread) {
	c := x.pool.get()
	c.thread, t.carrier, t.goroutine = t, c, c.goroutine
}

func (x *Execution) startClients() {
	x.adopt()
	for _, t := range x.clients {
		x.start(t)
	}
}

// carry starts a task.
func (t *thread) carry() func() {
	t.x.start(t)
	return nil
}

func (t *thread) handOver() {
	t.x.decide(t)
	if t.x.upcoming != t {
		t.carrier.yield(struct{}{})
	}
}

// join does nothing: a coroutine by itself orders the threads before what the main thread does next.
func (x *Execution) join() {}

// resume runs the upcoming thread until it stops.
func (x *Execution) resume() { x.upcoming.carrier.resume() }
