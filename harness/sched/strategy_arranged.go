package sched

import "slices"

// An arrangement says in which order threads go on. A schedule says the same in fewer words; but if one of its switches changes, all threads
// that it does not name come in the order of their numbers, and here they keep theirs.
type arrangement struct {
	names     []string // of threads
	stretches []stretch
	ways      Schedule // the switches of the schedule that name a way, and its seed
}

// A stretch is what a thread does without another one going on in between.
type stretch struct {
	thread int // an index in arrangement.names
	// until is where another thread goes on although this one could; the zero Place if it goes on for as long as it can.
	until Place
}

func (s stretch) bounded() bool { return s.until.Point != "" }

// arrangement returns that of the execution that has just ended.
func (c *Chooser) arrangement() (o arrangement) {
	hits := hitCounts{}
	for _, s := range c.chosen() {
		at := c.place(s, hits.next(s))
		switch {
		case s.is(picked):
			if s.is(deviates) {
				o.ways = append(o.ways, Switch{at, c.whither(s)})
			}
			continue
		case s.from == s.to:
			continue
		case len(o.stretches) > 0 && s.is(deviates) && !s.is(waited):
			o.stretches[len(o.stretches)-1].until = at
		}
		o.stretches = append(o.stretches, stretch{thread: o.numbered(c.name(int(s.to)))})
	}
	return o
}

func (o *arrangement) numbered(name string) int {
	i := slices.Index(o.names, name)
	if i < 0 {
		i = len(o.names)
		o.names = append(o.names, name)
	}
	return i
}

// arranged lets threads go on in their order. A stretch whose thread cannot go on is passed over until it can. A thread's last stretch is
// never over, so the order also says who goes on where it was not made for.
type arranged struct {
	arrangement
	done    []bool
	now     int // the stretch that goes on; -1 for none
	hits    hitCounts
	threads []int  // indices in names by thread; -1 for one that is none of them
	enabled []int  // indices in Choice.Enabled plus 1 by index in names; 0 for a thread that cannot go on
	counts  []bool // by index in names: whether it matters where the thread arrives
}

func newArranged(a arrangement) *arranged { return &arranged{arrangement: a} }

// Name implements Strategy.
func (*arranged) Name() string { return "arranged" }

// Begin implements Strategy.
func (o *arranged) Begin() bool {
	o.done, o.now, o.hits, o.threads = make([]bool, len(o.stretches)), -1, hitCounts{}, o.threads[:0]
	o.enabled, o.counts = make([]int, len(o.names)), make([]bool, len(o.names))
	for _, s := range o.stretches {
		o.counts[s.thread] = o.counts[s.thread] || s.bounded()
	}
	for _, w := range o.ways {
		if i := slices.Index(o.names, w.At.Thread); i >= 0 {
			o.counts[i] = true
		}
	}
	return true
}

// End implements Strategy.
func (*arranged) End(int, bool) {}

// Next implements Strategy.
func (o *arranged) Next(c *Choice) int {
	over, goesOn := o.arrive(c), c.Current >= 0
	switch {
	case goesOn && over:
		o.done[o.now] = true
		return o.choose(c, c.Current)
	case goesOn && c.Enabled[c.Current].Action == Pauses:
		o.leave()
		return o.enter(c, c.Default())
	case goesOn:
		return c.Current
	}
	o.leave()
	if o.now >= 0 && c.chooser.stopped.Action == Fires { // the clock goes on for one step
		o.done[o.now] = true
	}
	return o.choose(c, -1)
}

// arrive counts the arrival of a thread, if that matters, and says whether its stretch ends there.
func (o *arranged) arrive(c *Choice) (over bool) {
	s := newStep(c.chooser.stopped, 0, 0)
	if s.from < 0 {
		return false
	}
	if i := o.named(c, int(s.from)); i < 0 || !o.counts[i] {
		return false
	}
	hit := o.hits.next(s)
	return o.now >= 0 && o.stretches[o.now].bounded() && c.chooser.place(s, hit) == o.stretches[o.now].until
}

// leave is called when the thread of a stretch cannot go on, or gives up its turn. A stretch that ends at a place goes on later.
func (o *arranged) leave() {
	if o.now < 0 || o.stretches[o.now].bounded() {
		return
	}
	thread := o.stretches[o.now].thread
	o.done[o.now] = slices.ContainsFunc(o.stretches[o.now+1:], func(s stretch) bool { return s.thread == thread })
}

// choose returns the candidate with the first stretch that is left, other than the candidate but.
func (o *arranged) choose(c *Choice, but int) int {
	clear(o.enabled)
	for n, e := range c.Enabled {
		if i := o.named(c, e.Thread); i >= 0 && n != but {
			o.enabled[i] = n + 1
		}
	}
	for i, s := range o.stretches {
		if n := o.enabled[s.thread]; n > 0 && !o.done[i] {
			o.now = i
			return n - 1
		}
	}
	o.now = -1
	return c.Default()
}

// named returns the index of a thread in names.
func (o *arranged) named(c *Choice, thread int) int {
	for n := len(o.threads); n <= thread; n++ {
		o.threads = append(o.threads, slices.Index(o.names, c.chooser.name(n)))
	}
	return o.threads[thread]
}

// enter returns a candidate after it has found its stretch.
func (o *arranged) enter(c *Choice, n int) int {
	thread := o.named(c, c.Enabled[n].Thread)
	o.now = -1
	for i, s := range o.stretches {
		if !o.done[i] && s.thread == thread {
			o.now = i
			break
		}
	}
	return n
}

// Pick takes the way that is listed, or else the first one.
func (o *arranged) Pick(c *Choice) int {
	s := newStep(c.chooser.stopped, 0, 0)
	at := c.chooser.place(s, o.hits.next(s))
	for _, w := range o.ways {
		if n, _ := w.isWay(); w.At == at && n < len(c.Enabled) {
			return n
		}
	}
	return 0
}

func (o *arranged) seed() int {
	for _, w := range o.ways {
		if w.At.Point == SeedPoint {
			n, _ := w.isWay()
			return n
		}
	}
	return 0
}
