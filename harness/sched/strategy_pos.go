package sched

import "math/rand/v2"

// pos is partial order sampling of Yuan, Yang and Gu (CAV 2018): every pending event, which is what a thread does next, has a
// random priority; the highest is executed, and the pending events that conflict with it draw again. So the schedules that
// differ only in the order of events that do not conflict share their probability.
//
// Departures. The candidates say what conflicts (Conflict): where nothing is known everything does, and this is a random walk. A
// thread that could not go on draws again when it can, because what woke it conflicts with what it does next. An event that was
// passed over many times in a row draws again, because otherwise threads that spin until it happens would draw for ever.
type pos struct {
	source  rand.PCG
	pending []pending // by thread
	last    Candidate // that was chosen last
}

type pending struct {
	priority uint64
	step     int // the step after the last one at which it was a candidate
	passed   int // how often another one was chosen since it drew its priority
}

// mostPassed is how often an event is passed over before it draws again.
const mostPassed = 64

func newPOS(p Parameters) Strategy { return &pos{source: *rand.NewPCG(p.Seed, p.Stream)} }

func (*pos) Name() string  { return "pos" }
func (*pos) End(int, bool) {}

func (p *pos) Begin() bool {
	p.pending, p.last = p.pending[:0], Candidate{Thread: NoThread}
	return true
}

func (p *pos) Next(c *Choice) (best int) {
	if c.fires(&p.source) {
		p.last = c.Enabled[c.clock()]
		return c.clock()
	}
	for most := c.Enabled[len(c.Enabled)-1].Thread; len(p.pending) <= most; {
		p.pending = append(p.pending, pending{step: -1})
	}
	top, step, last := uint64(0), c.Step, p.last
	for i := range c.Enabled {
		e := &c.Enabled[i]
		own := &p.pending[e.Thread]
		if own.step != step || e.Thread == last.Thread || own.passed >= mostPassed || Conflict(&last, e) {
			own.priority, own.passed = p.source.Uint64(), 0
		}
		own.step = step + 1
		own.passed++
		if own.priority > top || i == 0 {
			best, top = i, own.priority
		}
	}
	p.last = c.Enabled[best]
	return best
}
