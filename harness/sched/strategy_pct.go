package sched

import "math/rand/v2"

// pct is PCT(d) of Burckhardt, Kothari, Musuvathi and Nagarakatte ("A randomized scheduler with probabilistic guarantees of
// finding bugs", ASPLOS 2010): the thread of the highest priority goes on, priorities are random, and at d-1 random steps out
// of k the thread that would go on falls below all others. A fault that d ordered steps of n threads show is found with a
// probability of at least 1/(n*k^(d-1)).
//
// Departures. k is not given: the first schedules are random walks, and the longest of them is k. Where only one thread can go on, a
// change is lost; so changes count the choices between several threads, and in half of the schedules, by chance, k is the most of
// these that a walk had. A task gets its priority when it appears, anywhere among the others. A thread of high priority that waits in
// a loop for another one would never end, so it falls below all others after k steps in a row. A schedule several times as long as k
// goes on as a random walk, and does not count for k. A thread that gives up its turn (Pauses) falls at once below all others that no
// change has lowered. The guarantee holds for the other half of the schedules, as far as k is right.
type pct struct {
	source     rand.PCG
	changes    []change
	begun      int
	longest    int      // the most steps of a random walk
	busiest    int      // the most choices between several threads of one
	passed     int      // changes of this schedule that were made
	last, run  int      // the thread that went on last, and how many times in a row before
	step       int      // of the last call of Next
	contested  int      // choices between several threads so far
	alone      bool     // only one thread could go on then
	tired      bool     // a thread fell below all others then, so that another one goes on
	pauses     uint64   // turns that were given up
	priorities []uint64 // by thread
}

// A change lowers the priority of the thread that would go on at a choice.
type change struct {
	choice   int // counted from 1 among those between several threads
	priority uint64
}

const (
	// profiled is how many of a strategy's first schedules only measure.
	profiled = 4
	// initial is set in a priority as it was drawn, and in no lowered one.
	initial = 1 << 63
	// leastLoop is how many steps in a row a thread may take before they count as a loop that waits.
	leastLoop = 32
	// patience times the longest schedule is where priorities end and the random walk begins.
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

// Begin draws where the changes come. Each has the priority of its number, so that which of two is lower is random too.
func (p *pct) Begin() bool {
	p.begun++
	p.passed, p.pauses, p.priorities, p.last, p.run = 0, 0, p.priorities[:0], NoThread, 0
	p.step, p.contested, p.alone = -1, 0, false
	within := p.busiest
	if below(&p.source, 2) == 0 {
		within = p.longest
	}
	for i := range p.changes {
		c := change{1 + below(&p.source, max(within, 1)), 1 + uint64(i)}
		at := i
		for ; at > 0 && p.changes[at-1].choice > c.choice; at-- {
			p.changes[at] = p.changes[at-1]
		}
		p.changes[at] = c
	}
	return true
}

func (p *pct) Next(c *Choice) int {
	if c.fires(&p.source) {
		return c.clock()
	}
	if p.walks(c.Step) {
		p.step = c.Step
		if len(c.Enabled) > 1 {
			p.contested++
		}
		return walk(&p.source, c)
	}
	if !p.alone {
		p.run += c.Step - p.step - 1 // what Stays promised
		p.contested += c.Step - p.step - 1
	}
	p.step, p.alone, p.tired = c.Step, len(c.Enabled) == 1, false
	p.pause(c)
	best := p.highest(c)
	if !p.alone {
		p.contested++
	}
	for !p.alone && p.passed < len(p.changes) && p.changes[p.passed].choice <= p.contested {
		p.priorities[c.Enabled[best].Thread] = p.changes[p.passed].priority
		p.passed++
		best = p.highest(c)
	}
	return p.tire(c, best)
}

// walks says whether a step is one of a random walk.
func (p *pct) walks(step int) bool { return p.begun <= profiled || step > patience*p.longest }

// Stays counts the steps before the next change, before the thread tires, and before the random walk. Nothing else makes another
// thread the highest.
func (p *pct) Stays() int {
	if p.walks(p.step+1) || p.tired {
		return 0
	}
	n := min(patience*p.longest-p.step, max(p.longest, leastLoop)-p.run-1)
	if !p.alone && p.passed < len(p.changes) {
		n = min(n, p.changes[p.passed].choice-p.contested-1)
	}
	return n
}

// tire makes a thread fall below all others if it seems to loop until another one acts: it has gone on by itself for longer than
// a whole schedule usually is. If it is the lowest already, the next one gets a turn.
func (p *pct) tire(c *Choice, best int) int {
	thread := c.Enabled[best].Thread
	if thread != p.last || len(c.Enabled) == 1 {
		p.last, p.run = thread, 0
		return best
	}
	if p.run++; p.run < max(p.longest, leastLoop) {
		return best
	}
	p.run, p.tired = 0, true
	if p.priorities[thread] == 0 {
		return (best + 1) % len(c.Enabled)
	}
	p.priorities[thread] = 0
	return p.highest(c)
}

// pause makes a thread that gives up its turn fall below all others that no change has lowered.
func (p *pct) pause(c *Choice) {
	if c.Current < 0 || c.Enabled[c.Current].Action != Pauses {
		return
	}
	p.highest(c) // gives each a priority
	if own := &p.priorities[c.Enabled[c.Current].Thread]; *own > uint64(len(p.changes)) {
		p.pauses++
		*own = initial - p.pauses
	}
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
		p.busiest = max(p.busiest, p.contested)
	}
}
