package sched

import (
	"time"

	"github.com/racewindow/racewindow/failpoints"
)

// Faults names the function that decides what fault points deliver. It is asked at the n-th pass (hit, from 1) of a thread at a
// point, the main thread included. It returns a value, and whether to deliver it. Its decision must follow from its arguments
// alone, and under -race it must hide from the detector what threads share through it.
//
//go:norace
func (x *Execution) Faults(decide func(thread string, p *failpoints.Point, hit int) (value any, fires bool)) {
	x.faults = decide
}

// maxFaultPoints is the most different fault points that are counted for one thread; at others, Faults' function is not asked.
const maxFaultPoints = 32

// A faultCount is how often a thread has come to a fault point. Counts are in an array, because the race detector would see each
// access of a map.
type faultCount struct{ point, hits int }

//go:norace
func (x *Execution) hasFaults() bool { return x.faults != nil }

// fault is called by the thread itself, not by the scheduler.
//
//go:norace
func (x *Execution) fault(t *thread, p *failpoints.Point) (any, bool) {
	for i := range t.faults {
		c := &t.faults[i]
		if c.hits == 0 {
			c.point = p.ID()
		}
		if c.point == p.ID() {
			c.hits++
			return x.faults(t.name, p, c.hits)
		}
	}
	return nil, false
}

// Standing is where the thread that has just stopped stands. It is for functions given to Invariant.
func (x *Execution) Standing() Place {
	c := x.chooser
	s := newStep(c.stopped, 0, 0)
	hit := 1
	for _, earlier := range c.trace {
		if earlier.from == s.from && earlier.point() == s.point() {
			hit++
		}
	}
	return c.place(s, hit)
}

// Prefix identifies the choices so far: two executions of one scenario with the same prefix have done the same. It is for
// functions given to Invariant that need not check the same state twice.
func (x *Execution) Prefix() uint64 { return x.chooser.hash }

// Advance moves the virtual clock for something that takes time without a thread of its own, such as a slow disk.
//
//go:norace
func (x *Execution) Advance(d time.Duration) { x.advance(d) }

// Progress names the function that counts what a function given to Invariant has done so far, such as the recoveries from the disks of one
// step, which may together take long: while the count changes, no thread is taken for one that hangs. It is called from another
// goroutine.
func (x *Execution) Progress(count func() uint64) { x.chooser.progress.Store(&count) }

// Enough ends the execution at this step, with no failure: a function given to Invariant has seen what it wanted.
func (x *Execution) Enough() { x.chooser.Enough() }
