package sched

import (
	"math/rand/v2"
	"slices"
)

// guided uses what earlier schedules have shown, as RFF does (Wolff, Shi, Duck, Mathur and Roychoudhury, "Greybox Fuzzing for
// Concurrency Testing", ASPLOS 2024). It describes an execution by its reads-from pairs, each an event and the write of the same
// resource that it follows, and draws a schedule by aiming at some of these. A thread that comes to the event is held until that
// write is the last one; meanwhile no other thread may write. So an order of two events out of thousands takes one schedule,
// where a random walk would have to guess each step between.
//
// Half of the schedules aim at a pair that few executions have shown, the rarest first. The others aim at what has shown
// something new, changed a little: a new pair, or a new state at a point, as in feedback-guided schedule testing (FEST). The
// state of a thread is its event before and what that followed.
//
// Departures. An event is the n-th visit of a thread to a point, whichever thread and wherever in memory, so that it means the
// same in the next execution; the candidates say which resource it touches. Between aims a schedule is one of PCT, with its
// priorities and their changes, among the threads that no aim holds; RFF has partial order sampling there. If all threads are
// held, one is let go. After several times as many steps as the first schedules had, no thread is held any more.
type guided struct {
	source  rand.PCG
	shared  *guidance
	number  uint64 // of the schedule, among those that are guided
	coming  uint64 // the number of the next one
	aims    []aim
	goals   []goal // of the aims
	begun   bool
	walks   bool
	between *pct // chooses where no aim does

	last    []write     // by resource
	events  []event     // of this execution
	visits  [][]visited // by thread
	touched []Resource  // by thread: the resource of its last step
	free    []int       // candidates of the choice that no aim holds
	some    []Candidate // these

	summing summing
}

// A visit is the n-th time that a thread comes to a site of a point, whichever thread that is. From the fourth on, all
// visits are one. 0 is none.
type visit uint64

const mostVisits = 4

// An event is what a thread did after a point, and the write it followed.
type event struct {
	thread   int
	visit    visit
	resource Resource
	writes   bool
	ends     bool // it ends what the thread has begun, an unlock: no other thread can have come between
	follows  write
}

// A write is the last one of a resource. The zero value says that there is none.
type write struct {
	thread int32
	visit  visit
}

// An aim is a pair that a schedule tries to reach.
type aim struct {
	goal
	writers []visit // the visits whose write the event may follow
	skips   int     // how many threads come to the event before the one that is meant
	thread  int     // the one that is meant, NoThread if not known yet
	over    bool
}

// leastGuided is the least number of guided steps.
const leastGuided = 64

func newGuided(p Parameters) Strategy {
	return &guided{source: *rand.NewPCG(p.Seed, p.Stream), shared: newGuidance(p.Seed), between: newPCT(p).(*pct)}
}

func (*guided) Name() string         { return "guided" }
func (g *guided) Pick(c *Choice) int { return below(&g.source, len(c.Enabled)) }
func (g *guided) sow() int           { return sown(&g.source) }

func (g *guided) restart(_ Strategy, words [2]uint64) {
	g.source.Seed(words[0], words[1])
	g.between.source.Seed(mix(words[0]), words[1])
}

func (g *guided) another() Strategy {
	return &guided{shared: g.shared, between: g.between.another().(*pct)}
}

// learned is called after the lessons; what they have shown is in shared.
func (*guided) learned() {}

// turn sets the number of the next guided schedule.
func (g *guided) turn(number uint64) { g.coming = number }

func (g *guided) Begin() bool {
	if g.begun { // the schedule before never ended: it has shown nothing, and no worker must wait for it
		g.events = g.events[:0]
		g.End(0, false)
	}
	g.begun = true
	g.events = g.events[:0]
	for i := range g.visits {
		g.visits[i] = g.visits[i][:0]
	}
	clear(g.last)
	clear(g.touched)
	g.aims, g.walks = g.aims[:0], false
	g.number, g.coming = g.coming, g.coming+1
	plan := g.shared.await(g.number)
	g.between.longest, g.between.most, g.between.begun = plan.known.longest, plan.known.most, profiled
	g.between.Begin()
	if len(plan.goals) == 0 {
		g.walks = true
		return true
	}
	g.goals = plan.draw(&g.source, g.number, g.goals[:0])
	for _, p := range g.goals {
		skips := 0
		if n := plan.known.often[p.event]; n > 1 && below(&g.source, 2) == 0 {
			skips = below(&g.source, n)
		}
		g.aims = append(g.aims, aim{goal: p, writers: plan.known.writers[p.event], skips: skips, thread: NoThread})
	}
	return true
}

func (g *guided) Next(c *Choice) (next int) {
	switch {
	case c.fires(&g.source):
		next = c.clock()
	case len(c.Enabled) > 1:
		next = g.choose(c)
	}
	g.sees(c, next)
	return next
}

// sees notes what goes on.
func (g *guided) sees(c *Choice, next int) {
	g.between.sees(c, next)
	if e := &c.Enabled[next]; e.Action != Fires {
		g.happens(e)
	}
}

func (g *guided) choose(c *Choice) int {
	if g.walks || c.Step > g.shared.patience() {
		return walk(&g.source, c)
	}
	g.free = g.free[:0]
	for i := range c.Enabled {
		switch held, now := g.holds(&c.Enabled[i]); {
		case now:
			return i
		case !held:
			g.free = append(g.free, i)
		}
	}
	if len(g.free) == 0 {
		return walk(&g.source, c)
	}
	return g.prioritized(c)
}

// prioritized lets PCT choose among the free threads.
func (g *guided) prioritized(c *Choice) int {
	among := Choice{Step: c.Step, Enabled: g.some[:0], Current: -1}
	for n, i := range g.free {
		if i == c.Current {
			among.Current = n
		}
		among.Enabled = append(among.Enabled, c.Enabled[i])
	}
	g.some = among.Enabled
	g.between.take(c.Step)
	g.between.step = c.Step - 1 // it was not asked before each step
	return g.free[g.between.prioritized(&among)]
}

// holds says whether a thread must not go on because of an aim, or must go on now.
func (g *guided) holds(e *Candidate) (held, now bool) {
	if e.Point < firstPoint || e.Resource == Nowhere {
		return false, false
	}
	v, last := g.visitOf(e), g.lastOf(e)
	for i := range g.aims {
		holds, now := g.aims[i].holds(e, v, last)
		if now {
			return false, true
		}
		held = held || holds
	}
	return held, false
}

func (a *aim) holds(e *Candidate, v visit, last write) (held, now bool) {
	if a.over {
		return false, false
	}
	if v == a.event && (a.thread == e.Thread || a.thread == NoThread && a.skips == 0) {
		a.thread = e.Thread
		if a.reached(last, e.Thread) {
			return false, true
		}
		a.over = a.follows == 0 // there was a write, which cannot be undone
		return !a.over, false
	}
	if !e.Writes || !slices.Contains(a.writers, v) {
		return false, false
	}
	return last.visit == a.follows && (a.follows == 0 || v != a.follows), false
}

// reached says whether the event of a thread would follow the write that the aim names.
func (a *aim) reached(last write, thread int) bool {
	return last.visit == a.follows && (last.visit == 0 || (int(last.thread) == thread) == a.own)
}

// A visited counts how often a thread has come to a site.
type visited struct {
	site  uint64
	times uint64
}

func exactly(e *Candidate) uint64 { return uint64(e.Point)<<32 | uint64(e.Site) }

// visitOf returns the visit that a thread is about to make.
func (g *guided) visitOf(e *Candidate) visit {
	site, times := exactly(e), uint64(0)
	if e.Thread < len(g.visits) {
		for _, v := range g.visits[e.Thread] {
			if v.site == site {
				times = v.times
				break
			}
		}
	}
	return visit(site*mostVisits + min(times, mostVisits-1))
}

// visit counts the visit of a thread that goes on.
func (g *guided) visit(e *Candidate) {
	for len(g.visits) <= e.Thread {
		g.visits = append(g.visits, nil)
	}
	site, own := exactly(e), g.visits[e.Thread]
	for i := range own {
		if own[i].site == site {
			own[i].times++
			return
		}
	}
	g.visits[e.Thread] = append(own, visited{site, 1})
}

func (g *guided) lastOf(e *Candidate) write {
	if r := int(max(e.Resource, Everything)); r < len(g.last) {
		return g.last[r]
	}
	return write{}
}

// happens notes what a thread does as it goes on.
func (g *guided) happens(e *Candidate) {
	if e.Point < firstPoint || e.Resource == Nowhere {
		return
	}
	r := max(e.Resource, Everything)
	for len(g.last) <= int(r) {
		g.last = append(g.last, write{})
	}
	for len(g.touched) <= e.Thread {
		g.touched = append(g.touched, Unknown)
	}
	before := g.touched[e.Thread]
	if g.touched[e.Thread] = r; before == r && e.Action == Waits && r != Everything {
		return // its wait is over: the operation has already been counted as an event
	}
	v := g.visitOf(e)
	g.visit(e)
	g.events = append(g.events, event{e.Thread, v, r, e.Writes || r == Everything, e.Action == Unlocks, g.last[r]})
	if e.Writes || r == Everything {
		g.last[r] = write{int32(e.Thread), v}
	}
	for i := range g.aims {
		if a := &g.aims[i]; a.event == v && !a.over {
			switch {
			case a.thread == e.Thread:
				a.over = true
			case a.thread == NoThread:
				a.skips--
				a.over = a.skips < 0
			}
		}
	}
}

func (g *guided) End(steps int, _ bool) {
	g.begun = false
	g.between.take(steps)
	g.shared.learn(g, steps)
}
