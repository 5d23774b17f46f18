package sched

import "math/rand/v2"

// pct is PCT(d) of Burckhardt, Kothari, Musuvathi and Nagarakatte ("A randomized scheduler with probabilistic guarantees of
// finding bugs", ASPLOS 2010): the thread of the highest priority goes on, priorities are random, and at d-1 random steps out
// of k the thread that would go on falls below all others. A fault that d ordered steps of n threads show is found with a
// probability of at least 1/(n*k^(d-1)).
//
// Departures. k is not given: the first schedules are random walks, and the longest of them is k. Tasks get their priority when
// they appear, among all others. A schedule that is several times as long goes on as a random walk: a thread of high priority that
// waits in a loop for another one would never end, and such schedules do not count for k. The guarantee holds as far as k is the
// truth.
type pct struct {
	source     rand.PCG
	changes    []change
	begun      int
	longest    int
	passed     int      // changes of this schedule that were made
	priorities []uint64 // by thread
}

// A change lowers the thread that would go on at that step.
type change struct {
	step     int
	priority uint64
}

const (
	// profiled is how many schedules of a strategy only measure.
	profiled = 4
	// initial is set in the priorities from which no change has taken a thread yet.
	initial = 1 << 63
	// patience is how many times the longest schedule may be exceeded by priority.
	patience = 4
)

func newPCT(p Parameters) Strategy {
	preemptions := p.Preemptions
	if preemptions == 0 {
		preemptions = 2
	}
	return &pct{source: *rand.NewPCG(p.Seed, p.Stream), changes: make([]change, preemptions)}
}

func (*pct) Name() string { return "pct" }

// Begin draws the steps of the changes. Each has the priority of its number, so that which of two is lower is random too.
func (p *pct) Begin() bool {
	p.begun++
	p.passed, p.priorities = 0, p.priorities[:0]
	for i := range p.changes {
		c := change{1 + below(&p.source, max(p.longest, 1)), uint64(i)}
		at := i
		for ; at > 0 && p.changes[at-1].step > c.step; at-- {
			p.changes[at] = p.changes[at-1]
		}
		p.changes[at] = c
	}
	return true
}

func (p *pct) Next(c *Choice) int {
	if p.begun <= profiled || c.Step > patience*p.longest {
		return walk(&p.source, c)
	}
	best := p.highest(c)
	for p.passed < len(p.changes) && p.changes[p.passed].step <= c.Step {
		p.priorities[c.Enabled[best].Thread] = p.changes[p.passed].priority
		p.passed++
		best = p.highest(c)
	}
	return best
}

func (p *pct) highest(c *Choice) (best int) {
	top := uint64(0)
	for i := range c.Enabled {
		thread := c.Enabled[i].Thread
		for len(p.priorities) <= thread {
			p.priorities = append(p.priorities, initial|p.source.Uint64())
		}
		if own := p.priorities[thread]; i == 0 || own > top {
			best, top = i, own
		}
	}
	return best
}

func (p *pct) End(steps int, _ bool) {
	if p.begun <= profiled {
		p.longest = max(p.longest, steps)
	}
}
