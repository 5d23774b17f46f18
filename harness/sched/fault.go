package sched

import "github.com/racewindow/racewindow/failpoints"

// Faults names who decides what fault points deliver: for the n-th pass (hit, from 1) of a thread at a point, a value, and
// whether to deliver it. The main thread's are asked about too. What it decides must follow from its arguments alone.
//
//go:norace
func (x *Execution) Faults(decide func(thread string, p *failpoints.Point, hit int) (value any, fires bool)) {
	x.faults = decide
}

type faultKey struct {
	thread *thread
	point  int
}

//go:norace
func (x *Execution) hasFaults() bool { return x.faults != nil }

// fault is on the side of the threads. Executions with faults keep a map, which a build with -race sees: the lock orders the
// threads there, as the disk that fails would.
func (x *Execution) fault(t *thread, p *failpoints.Point) (any, bool) {
	x.failedMu.Lock()
	defer x.failedMu.Unlock()
	if x.faultHits == nil {
		x.faultHits = map[faultKey]int{}
	}
	key := faultKey{t, p.ID()}
	x.faultHits[key]++
	return x.faults(t.name, p, x.faultHits[key])
}

// Standing is where the thread stands that has just stopped. It is for functions given to Invariant.
func (x *Execution) Standing() Place {
	s := step{from: int16(x.stopped.id), at: x.stopped.at.code()}
	hit := 1
	for _, earlier := range x.trace {
		if earlier.from == s.from && earlier.at == s.at {
			hit++
		}
	}
	return x.place(s, hit)
}

// Prefix identifies the choices so far: two executions of one scenario with the same prefix have done the same. It is for
// functions given to Invariant that need not look twice.
func (x *Execution) Prefix() uint64 { return x.hash }

// Enough ends the execution at this step, with no failure: a function given to Invariant has seen what it wanted.
func (x *Execution) Enough() { x.enough = true }
