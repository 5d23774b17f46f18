package sched

import "math/rand/v2"

// pct is PCT(d) of Burckhardt, Kothari, Musuvathi and Nagarakatte ("A randomized scheduler with probabilistic guarantees of
// finding bugs", ASPLOS 2010): the thread of the highest priority goes on, priorities are random, and at d-1 random steps out
// of k the thread that would go on falls below all others. A fault that d ordered steps of n threads show is found with a
// probability of at least 1/(n*k^(d-1)).
//
// Departures. k is not given: the first schedules are random walks, and the longest of them is k. Where only one thread can go on, a
// change is lost; so changes count the choices between several threads. A task gets its priority when it appears, anywhere among the
// others. A thread of high priority that waits in a loop for another one would never end, so it falls below all others after k steps in a
// row. A schedule several times as long as k goes on as a random walk, and does not count for k. A thread that gives up its turn (Pauses)
// falls at once below all others that no change has lowered.
//
// That holds for all schedules, and the guarantee for half of them, chosen by chance, as far as k is right. The others are aimed. In an
// aimed schedule a change is drawn only when a thread goes on, among the steps that it and all others still have, except the lowest: if
// it comes to a step of this thread, it is made there, and else it is drawn again when another thread goes on. So no change is lost
// because the threads have ended before it. How many steps a thread has is the most that it had in a random walk; a thread that had fewer
// in all of these than it can have is why the other half is needed. An aimed schedule has d-1 changes, or half, twice or four times as
// many. With two threads of k/2 steps, two changes come to two given places once in k^2/2 schedules, and not once in 2k^2.
type pct struct {
	source     rand.PCG
	changes    []change
	begun      int
	longest    int      // the most steps of a random walk
	passed     int      // changes of this schedule that were made
	last, run  int      // the thread that went on last, and how many times in a row before
	step       int      // of the last call of Next
	contested  int      // choices between several threads so far
	alone      bool     // only one thread could go on then
	tired      bool     // a thread fell below all others then, so that another one goes on
	pauses     uint64   // turns that were given up
	priorities []uint64 // by thread

	aimed bool  // this schedule is aimed
	left  int   // changes of an aimed schedule that were not made yet
	aim   aimed // the next of them
	most  []int // by thread: the most steps in a random walk
	taken []int // by thread: steps in this schedule
	went  int   // the thread that went on last, the clock included
	since int   // the first step of it that is not in taken
}

// An aimed change lowers a thread that has taken so many steps; -1 if none does until another thread goes on.
type aimed struct{ thread, taken int }

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

func (p *pct) Begin() bool {
	p.begun++
	p.passed, p.pauses, p.priorities, p.last, p.run = 0, 0, p.priorities[:0], NoThread, 0
	p.step, p.contested, p.alone = -1, 0, false
	p.taken, p.went, p.since = p.taken[:0], NoThread, 0
	if p.aimed = below(&p.source, 2) == 0; p.aimed {
		p.left = max(1, len(p.changes)<<below(&p.source, 4)/2)
		p.aim.thread = NoThread
		return true
	}
	p.drawChanges()
	return true
}

// drawChanges draws where the changes come. Each has the priority of its number, so that which of two is lower is random too.
func (p *pct) drawChanges() {
	for i := range p.changes {
		c := change{1 + below(&p.source, max(p.longest, 1)), 1 + uint64(i)}
		at := i
		for ; at > 0 && p.changes[at-1].choice > c.choice; at-- {
			p.changes[at] = p.changes[at-1]
		}
		p.changes[at] = c
	}
}

func (p *pct) Next(c *Choice) int {
	p.take(c.Step)
	next := p.next(c)
	p.went = c.Enabled[next].Thread
	return next
}

// sees counts the steps of a walk that another strategy chooses.
func (p *pct) sees(c *Choice, next int) {
	p.take(c.Step)
	p.went = c.Enabled[next].Thread
}

// take counts the steps before this one that were not counted yet. One thread took them.
func (p *pct) take(step int) {
	for len(p.taken) <= p.went {
		p.taken = append(p.taken, 0)
	}
	if p.went != NoThread {
		p.taken[p.went] += step - p.since
	}
	p.since = step
}

func (p *pct) next(c *Choice) int {
	if c.fires(&p.source) {
		return c.clock()
	}
	return p.prioritized(c)
}

// prioritized returns the thread that goes on by its priority.
func (p *pct) prioritized(c *Choice) int {
	if p.walks(c.Step) {
		p.step = c.Step
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
	for !p.alone {
		lowered := p.lowers(c, best)
		if lowered == 0 {
			break
		}
		p.priorities[c.Enabled[best].Thread] = lowered
		best = p.highest(c)
	}
	return p.tire(c, best)
}

// lowers returns the priority to which a change lowers the thread that would go on; 0 if none does.
func (p *pct) lowers(c *Choice, best int) (priority uint64) {
	switch {
	case !p.aimed:
		if p.passed < len(p.changes) && p.changes[p.passed].choice <= p.contested {
			p.passed++
			return p.changes[p.passed-1].priority
		}
	case p.left > 0:
		thread := c.Enabled[best].Thread
		now := of(p.taken, thread)
		if p.aim.thread != thread || p.aim.taken >= 0 && p.aim.taken < now {
			p.aim = aimed{thread, p.draw(c, thread)}
		}
		if p.aim.taken == now {
			p.left--
			p.aim.thread = NoThread
			return uint64(p.left) + 1
		}
	}
	return 0
}

// draw returns after how many of its steps a change lowers a thread that goes on; -1 if it comes to another thread.
func (p *pct) draw(c *Choice, thread int) int {
	all, lowest := 0, 0
	for i := range c.Enabled {
		all += p.ahead(c.Enabled[i].Thread)
		if p.priorities[c.Enabled[i].Thread] < p.priorities[c.Enabled[lowest].Thread] {
			lowest = i
		}
	}
	all -= p.ahead(c.Enabled[lowest].Thread)
	if n := below(&p.source, max(all, 1)); n < p.ahead(thread) {
		return of(p.taken, thread) + n
	}
	return -1
}

// ahead is about how many steps a thread still has.
func (p *pct) ahead(thread int) int { return max(of(p.most, thread)-of(p.taken, thread), 0) }

// of is what is known of a thread.
func of(all []int, thread int) int {
	if thread < len(all) {
		return all[thread]
	}
	return 0
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
	switch {
	case p.alone:
	case !p.aimed && p.passed < len(p.changes):
		n = min(n, p.changes[p.passed].choice-p.contested-1)
	case p.aimed && p.left > 0 && p.aim.taken >= 0:
		n = min(n, p.aim.taken-of(p.taken, p.went)-1)
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
	if own := &p.priorities[c.Enabled[c.Current].Thread]; *own >= initial/2 {
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
	if p.begun > profiled {
		return
	}
	p.take(steps)
	p.longest = max(p.longest, steps)
	p.most = most(p.most, p.taken)
}

// most includes in what each thread has taken at most what it has taken in one more execution.
func most(all, taken []int) []int {
	for thread, n := range taken {
		if thread == len(all) {
			all = append(all, 0)
		}
		all[thread] = max(all[thread], n)
	}
	return all
}
