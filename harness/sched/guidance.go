package sched

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
)

// What guided schedules have shown. They come in generations. A generation uses what all generations before it have shown, taken
// in the order of the schedules' numbers, so that it does not matter which worker executes which schedule.

// A goal is an event and the write that it follows; 0 for no write. own says that one thread executed both.
type goal struct {
	event, follows visit
	own            bool
}

// A guidance is what the workers share.
type guidance struct {
	seed    uint64
	mu      sync.Mutex
	changed sync.Cond
	known   knowledge
	plan    *plan
	shown   []showing // by number within the generation
	over    int       // executed schedules of the generation
}

// A showing is what one execution has shown.
type showing struct {
	aim     goal     // its first aim; the zero value for none
	news    []goal   // all its aims, if it may have shown something new
	pairs   []goal   // the rare ones that it had
	mayBe   []goal   // those that another order of its events would have
	trodden []uint64 // hashes of the footprints that mayBe follows from
	states  []uint64
	often   []frequency
	steps   int
	taken   []int // by thread: steps of a walk
}

// A frequency says how often an event happened.
type frequency struct {
	visit visit
	n     int
}

// Knowledge is what was seen in the generations that are over.
type knowledge struct {
	shown   map[goal]int  // of each pair that was seen or may be: how many executions had it or aimed at it
	goals   []goal        // the keys of shown, in the order in which they came
	often   map[visit]int // the most times that an event happened in one execution
	writers map[visit][]visit
	states  map[uint64]struct{}
	trodden map[uint64]struct{} // hashes of footprints of a resource: the pairs that these may have are in shown
	corpus  [][]goal            // the aims of the executions that showed something new
	longest int                 // the most steps of an execution of the first generation
	most    []int               // by thread: the most steps in such an execution
}

// A plan is what the schedules of a generation use. It does not change.
type plan struct {
	from, to uint64 // the numbers of its schedules
	known    *knowledge
	goals    []goal
	rare     []goal // goals that few executions have had, the rarest first
	corpus   [][]goal
}

const (
	// firstGeneration schedules walk at random. Each later generation is twice as large, up to mostGeneration.
	firstGeneration = 4
	mostGeneration  = 32
	// mostShown is how many executions may have had a pair, or aimed at it, before it is no longer rare.
	mostShown = 8
	// mostStates, mostCorpus and mostGoals bound what is kept.
	mostStates = 1 << 16
	mostCorpus = 256
	mostGoals  = 1 << 14
	// mostAims is the most aims of one schedule.
	mostAims = 3
)

func newGuidance(seed uint64) *guidance {
	g := &guidance{seed: seed, shown: make([]showing, firstGeneration), plan: &plan{to: firstGeneration}}
	g.known = knowledge{shown: map[goal]int{}, often: map[visit]int{}, writers: map[visit][]visit{}, states: map[uint64]struct{}{}, trodden: map[uint64]struct{}{}}
	g.plan.known = &g.known
	g.changed.L = &g.mu
	return g
}

// await returns the plan of a schedule, after the generations before it are over.
func (g *guidance) await(number uint64) *plan {
	g.mu.Lock()
	defer g.mu.Unlock()
	for number >= g.plan.to {
		g.changed.Wait()
	}
	return g.plan
}

// patience is how many steps are guided.
func (g *guidance) patience() int { return max(patience*g.known.longest, leastGuided) }

// learn takes in what an execution has shown.
func (g *guidance) learn(s *guided, steps int) {
	shows := s.shows(&g.known)
	shows.steps = steps
	if len(s.goals) > 0 {
		shows.aim = s.goals[0]
	} else {
		shows.taken = slices.Clone(s.between.taken)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shown[s.number-g.plan.from] = shows
	if g.over++; g.over < len(g.shown) {
		return
	}
	for i := range g.shown {
		g.known.include(&g.shown[i])
	}
	g.next()
	g.changed.Broadcast()
}

// next begins another generation.
func (g *guidance) next() {
	size := min(max(g.plan.to, firstGeneration), mostGeneration)
	g.plan = &plan{from: g.plan.to, to: g.plan.to + size, known: &g.known, goals: slices.Clone(g.known.goals), corpus: slices.Clone(g.known.corpus)}
	g.shown, g.over = make([]showing, size), 0
	p := g.plan
	for _, goal := range p.goals {
		if g.known.shown[goal] < mostShown {
			p.rare = append(p.rare, goal)
		}
	}
	source := rand.NewPCG(g.seed, p.from)
	for i := len(p.rare) - 1; i > 0; i-- {
		j := below(source, i+1)
		p.rare[i], p.rare[j] = p.rare[j], p.rare[i]
	}
	slices.SortStableFunc(p.rare, func(a, b goal) int { return cmp.Compare(g.known.shown[a], g.known.shown[b]) })
}

// include takes in what an execution has shown.
func (k *knowledge) include(s *showing) {
	if s.aim == (goal{}) {
		k.longest = max(k.longest, s.steps)
		k.most = most(k.most, s.taken)
	} else {
		k.shown[s.aim]++
	}
	fresh := false
	for _, p := range s.pairs {
		k.add(p)
		fresh = fresh || k.shown[p] == 0
		k.shown[p]++
	}
	for _, p := range s.mayBe {
		k.add(p)
	}
	for _, h := range s.trodden {
		if len(k.trodden) < mostStates {
			k.trodden[h] = struct{}{}
		}
	}
	for _, state := range s.states {
		if _, old := k.states[state]; !old && len(k.states) < mostStates {
			k.states[state], fresh = struct{}{}, true
		}
	}
	for _, f := range s.often {
		k.often[f.visit] = max(k.often[f.visit], f.n)
	}
	if fresh && len(s.news) > 0 {
		if len(k.corpus) == mostCorpus {
			k.corpus = k.corpus[1:]
		}
		k.corpus = append(k.corpus, s.news)
	}
}

// add takes in a pair that was seen or may be.
func (k *knowledge) add(p goal) {
	if k.has(p) || len(k.goals) == mostGoals {
		return
	}
	k.shown[p] = 0
	k.goals = append(k.goals, p)
	if p.follows != 0 && !slices.Contains(k.writers[p.event], p.follows) {
		k.writers[p.event] = append(k.writers[p.event], p.follows)
	}
}

// A footprint is what the events of one visit did with one resource.
type footprint struct {
	visit   visit
	thread  int // the first of them
	several bool
	writes  bool
	ends    bool
}

// A summing holds the memory that shows reuses for each execution.
type summing struct {
	prints [][]footprint // by resource
	before []uint64      // by thread: the hash of its last event and of the write that this followed
	states map[uint64]struct{}
	often  map[visit]int
}

func (s *summing) begin(resources int) {
	if s.states == nil {
		s.states, s.often = map[uint64]struct{}{}, map[visit]int{}
	}
	clear(s.states)
	clear(s.often)
	clear(s.before)
	for i := range s.prints {
		s.prints[i] = s.prints[i][:0]
	}
	for len(s.prints) < resources {
		s.prints = append(s.prints, nil)
	}
}

// shows sums up what the finished execution has shown that is not yet known.
func (g *guided) shows(known *knowledge) (s showing) {
	sum := &g.summing
	sum.begin(len(g.last))
	for i := range g.events {
		e := &g.events[i]
		sum.often[e.visit]++
		sum.prints[e.resource] = tread(sum.prints[e.resource], e)
		p := e.goal()
		if !e.ends && known.shown[p] < mostShown && !slices.Contains(s.pairs, p) {
			s.pairs = append(s.pairs, p)
		}
		if e.ends {
			continue
		}
		for len(sum.before) <= e.thread {
			sum.before = append(sum.before, 0)
		}
		hash := p.hash()
		state := mix(sum.before[e.thread]*0x9e3779b97f4a7c15 + hash)
		sum.before[e.thread] = hash
		if _, old := known.states[state]; old {
			continue
		}
		if _, old := sum.states[state]; !old {
			sum.states[state] = struct{}{}
			s.states = append(s.states, state)
		}
	}
	for v, n := range sum.often {
		if n > known.often[v] {
			s.often = append(s.often, frequency{v, n})
		}
	}
	for _, all := range sum.prints {
		if len(all) == 0 || len(all) == 1 && !all[0].several {
			continue
		}
		if h := trodden(all); !known.treads(h) {
			s.mayBe, s.trodden = mayBe(all, known, s.mayBe), append(s.trodden, h)
		}
	}
	if slices.ContainsFunc(s.pairs, func(p goal) bool { return known.shown[p] == 0 }) || len(s.states) > 0 {
		s.news = slices.Clone(g.goals)
	}
	return s
}

func (e *event) goal() goal {
	return goal{e.visit, e.follows.visit, e.follows.visit != 0 && int(e.follows.thread) == e.thread}
}

func (p goal) hash() uint64 {
	h := mix(uint64(p.event)) + uint64(p.follows)<<1
	if p.own {
		h++
	}
	return mix(h)
}

// tread adds an event to the footprints of a resource.
func tread(all []footprint, e *event) []footprint {
	for i := range all {
		if f := &all[i]; f.visit == e.visit {
			f.several = f.several || f.thread != e.thread
			f.writes = f.writes || e.writes
			return all
		}
	}
	return append(all, footprint{e.visit, e.thread, false, e.writes, e.ends})
}

// trodden hashes the footprints of a resource, in whatever order they came.
func trodden(all []footprint) (h uint64) {
	for i := range all {
		f := &all[i]
		is := uint64(f.thread)
		for _, flag := range [...]bool{f.several, f.writes, f.ends} {
			if is <<= 1; flag {
				is++
			}
		}
		h += mix(mix(uint64(f.visit)) + is)
	}
	return h
}

func (k *knowledge) treads(h uint64) bool {
	_, is := k.trodden[h]
	return is
}

// mayBe appends the pairs of events of different threads that one resource may have, if they are not yet known.
func mayBe(all []footprint, known *knowledge, pairs []goal) []goal {
	for _, event := range all {
		if event.ends {
			continue
		}
		shared := false
		for _, w := range all {
			if !w.writes || w.thread == event.thread && !w.several && !event.several {
				continue
			}
			shared = true
			if p := (goal{event: event.visit, follows: w.visit}); !known.has(p) {
				pairs = append(pairs, p)
			}
		}
		if p := (goal{event: event.visit}); shared && !known.has(p) {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

func (k *knowledge) has(p goal) bool {
	_, has := k.shown[p]
	return has
}

// draw appends the aims of the schedule with a number.
func (p *plan) draw(source *rand.PCG, number uint64, aims []goal) []goal {
	n := number - p.from
	switch {
	case n%2 == 0 && len(p.rare) > 0:
		aims = append(aims, p.rare[int(n/2)%len(p.rare)])
	case len(p.corpus) > 0:
		aims = append(aims, p.corpus[max(below(source, len(p.corpus)), below(source, len(p.corpus)))]...)
		return p.change(source, aims)
	default:
		aims = append(aims, p.any(source))
	}
	for len(aims) < mostAims && below(source, 2) == 0 {
		aims = append(aims, p.any(source))
	}
	return aims
}

// change changes one aim, or none.
func (p *plan) change(source *rand.PCG, aims []goal) []goal {
	at := below(source, len(aims))
	switch change := below(source, 4); {
	case change == 0:
	case change == 1:
		aims[at] = p.any(source)
	case len(aims) == mostAims:
		aims = slices.Delete(aims, at, at+1)
	default:
		aims = append(aims, p.any(source))
	}
	return aims
}

func (p *plan) any(source *rand.PCG) goal { return p.goals[below(source, len(p.goals))] }
