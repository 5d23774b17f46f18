package sched

import "math/rand/v2"

// surw is the selectively uniform random walk of Zhao, Wolff, Mathur and Roychoudhury ("Selectively Uniform Concurrency
// Testing", ASPLOS 2025). A few of all events are interesting. If a walk draws each next thread in proportion to the interesting
// events that it has still to execute, every order of these events is equally likely. The thread of the next interesting event is
// drawn first; the others stop before theirs, and go on freely elsewhere.
//
// In each schedule the interesting events are the accesses to one resource, which is drawn from those that two threads touch
// and one writes. Points about which nothing is known count as one more resource that is written.
//
// Departures. The counts are estimates: for each thread, by its name, the most accesses in any of the first schedules, which are
// random walks. A task counts from its start; before, its parent's weight does not include it. A thread that cannot go on is not
// drawn, so locks and channels bend the uniformity. Without any such resource it is a random walk.
type surw struct {
	source   rand.PCG
	begun    int
	numbers  []int // of resources, in the order in which they were touched first; by Resource, -1 for none yet
	written  []bool
	profiles map[string]*profile

	candidates []int // resources that may be interesting
	resource   int   // the interesting one of this schedule; -1 for none
	intended   int   // thread that executes the next interesting event; -1 for not drawn
	threads    []*profile
	left       []int // by thread: interesting events still to execute
	free       []int // candidates that may go on
}

// A profile counts one thread's accesses by resource.
type profile struct{ run, most []int }

func newSURW(p Parameters) Strategy {
	return &surw{source: *rand.NewPCG(p.Seed, p.Stream), profiles: map[string]*profile{}}
}

func (*surw) Name() string { return "surw" }

func (s *surw) Begin() bool {
	s.begun++
	if s.begun == profiled+1 {
		s.selectResources()
	}
	s.threads, s.left, s.intended, s.resource = s.threads[:0], s.left[:0], -1, -1
	if len(s.candidates) > 0 {
		s.resource = s.candidates[below(&s.source, len(s.candidates))]
	}
	return true
}

// selectResources finds the resources that two threads touch and one writes.
func (s *surw) selectResources() {
	for r := range s.written {
		touch := 0
		for _, p := range s.profiles {
			if r < len(p.most) && p.most[r] > 0 {
				touch++
			}
		}
		if touch > 1 && s.written[r] {
			s.candidates = append(s.candidates, r)
		}
	}
}

func (s *surw) Next(c *Choice) (next int) {
	if c.fires(&s.source) {
		return c.clock()
	}
	s.meet(c)
	switch {
	case s.begun <= profiled:
		next = walk(&s.source, c)
		s.count(&c.Enabled[next])
	case s.resource < 0:
		next = walk(&s.source, c)
	default:
		next = s.weighted(c)
		if e := &c.Enabled[next]; s.of(e) == s.resource {
			s.left[e.Thread], s.intended = max(s.left[e.Thread]-1, 0), -1
		}
	}
	return next
}

// sees counts what a thread touches in a walk that another strategy chooses.
func (s *surw) sees(c *Choice, next int) {
	if e := &c.Enabled[next]; e.Action != Fires {
		s.meet(c)
		s.count(e)
	}
}

// meet looks up the profiles of threads that are new in this schedule.
func (s *surw) meet(c *Choice) {
	if last := c.Enabled[len(c.Enabled)-1].Thread; last < len(s.threads) {
		return
	}
	for i := range c.Enabled {
		for n := len(s.threads); n <= c.Enabled[i].Thread; n++ {
			s.add(c.chooser.name(n))
		}
	}
}

func (s *surw) add(name string) {
	p := s.profiles[name]
	if p == nil {
		p = &profile{}
		s.profiles[name] = p
	}
	left := 1
	if s.resource >= 0 && s.resource < len(p.most) {
		left = p.most[s.resource]
	}
	s.threads, s.left = append(s.threads, p), append(s.left, left)
}

// of returns the number of what a thread touches; -1 for nothing.
func (s *surw) of(e *Candidate) int {
	if e.Point < firstPoint {
		return -1
	}
	resource := max(e.Resource, Everything)
	for len(s.numbers) <= int(resource) {
		s.numbers = append(s.numbers, -1)
	}
	r := s.numbers[resource]
	if r < 0 {
		r = len(s.written)
		s.numbers[resource], s.written = r, append(s.written, false)
	}
	s.written[r] = s.written[r] || e.Writes || resource == Everything
	return r
}

func (s *surw) count(e *Candidate) {
	r, p := s.of(e), s.threads[e.Thread]
	if r < 0 {
		return
	}
	for len(p.run) <= r {
		p.run, p.most = append(p.run, 0), append(p.most, 0)
	}
	p.run[r]++
}

// weighted draws one of the threads that may go on: the intended one, and those whose next event is not interesting.
func (s *surw) weighted(c *Choice) int {
	if len(c.Enabled) == 1 {
		return 0
	}
	s.free = s.free[:0]
	intended := -1
	for i := range c.Enabled {
		e := &c.Enabled[i]
		if e.Thread == s.intended {
			intended = i
		}
		if s.of(e) != s.resource {
			s.free = append(s.free, i)
		}
	}
	if intended < 0 { // none was drawn, or it cannot go on
		intended = s.intend(c)
	}
	if s.of(&c.Enabled[intended]) == s.resource {
		s.free = append(s.free, intended)
	}
	return s.free[below(&s.source, len(s.free))]
}

// intend draws the thread of the next interesting event.
func (s *surw) intend(c *Choice) (i int) {
	all := 0
	for i := range c.Enabled {
		all += s.left[c.Enabled[i].Thread]
	}
	if all == 0 { // more events than in the profile
		i = below(&s.source, len(c.Enabled))
	} else {
		n := below(&s.source, all)
		for i = range c.Enabled {
			if n -= s.left[c.Enabled[i].Thread]; n < 0 {
				break
			}
		}
	}
	s.intended = c.Enabled[i].Thread
	return i
}

func (s *surw) End(int, bool) {
	if s.begun > profiled {
		return
	}
	for _, p := range s.profiles {
		for r, n := range p.run {
			p.most[r], p.run[r] = max(p.most[r], n), 0
		}
	}
}
