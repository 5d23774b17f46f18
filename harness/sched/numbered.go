package sched

import (
	"slices"
	"sync/atomic"
)

// Random schedules are numbered. The seed and the number alone decide which strategy has a schedule and what it chooses, so a
// search finds the same with any number of workers. Strategies that learn do so in the first schedules, which one worker
// executes alone; after that they learn nothing more.

// A numbered strategy can begin at any number.
type numbered interface {
	Strategy
	// restart makes the next schedule follow from these random words and from what taught has learned, whatever came before.
	restart(taught Strategy, words [2]uint64)
	// another returns a strategy for another worker that knows the same.
	another() Strategy
}

// A learner is a numbered strategy that uses what it has seen in the first schedules (profiled), which are random walks.
type learner interface {
	numbered
	// sees is called for each choice of such a walk, and is told what goes on.
	sees(c *Choice, next int)
	learned()
}

// A lesson is a random walk from which all learners learn.
type lesson struct {
	random
	learners []learner
}

func (l *lesson) Begin() bool {
	for _, s := range l.learners {
		s.Begin()
	}
	return true
}

func (l *lesson) Next(c *Choice) (next int) {
	next = l.random.Next(c)
	for _, s := range l.learners {
		s.sees(c, next)
	}
	return next
}

func (l *lesson) End(steps int, failed bool) {
	for _, s := range l.learners {
		s.End(steps, failed)
	}
}

func (r *random) restart(_ Strategy, words [2]uint64) { r.source.Seed(words[0], words[1]) }
func (r *random) another() Strategy                   { return &random{} }

func (p *pos) restart(_ Strategy, words [2]uint64) { p.source.Seed(words[0], words[1]) }
func (p *pos) another() Strategy                   { return &pos{} }

func (p *pct) restart(taught Strategy, words [2]uint64) {
	p.source.Seed(words[0], words[1])
	p.begun, p.longest, p.most = taught.(*pct).begun, taught.(*pct).longest, taught.(*pct).most
}

func (p *pct) learned() { p.begun = max(p.begun, profiled) }

func (p *pct) another() Strategy {
	return &pct{changes: make([]change, len(p.changes)), begun: p.begun, longest: p.longest, most: p.most}
}

func (s *surw) restart(taught Strategy, words [2]uint64) {
	s.source.Seed(words[0], words[1])
	s.begun = taught.(*surw).begun
}

func (s *surw) learned() {
	if s.begun <= profiled {
		s.begun = profiled + 1
		s.selectResources()
	}
}

func (s *surw) another() Strategy {
	other := &surw{
		begun: s.begun, numbers: slices.Clone(s.numbers), written: slices.Clone(s.written),
		profiles: map[string]*profile{}, candidates: slices.Clone(s.candidates),
	}
	for name, p := range s.profiles {
		other.profiles[name] = &profile{make([]int, len(p.run)), slices.Clone(p.most)}
	}
	return other
}

// A mixture hands out numbers. First come the lessons; then all strategies take turns.
type mixture struct {
	seed    uint64
	all     []numbered
	lesson  lesson
	first   rota // of the first sampledFirst numbers
	then    rota // of all others
	claimed atomic.Uint64
	limit   uint64 // of numbers
	before  uint64 // guided schedules that were executed in a stage of their own
}

// inTurn is the order in which the strategies of a portfolio have one schedule each at first, again and again. PCT needs the fewest for
// most bugs of the tables in README.md, and guided schedules for most others. What these do not show, the others may; so after
// sampledFirst schedules all have as many.
var inTurn = [...]string{
	"pct", "guided", "pct", "pos", "pct", "guided", "pct", "random", "pct", "guided", "pct", "surw", "pct", "guided", "pct", "pct",
}

// A rota is the order in which strategies have one schedule each, again and again.
type rota []int

// had is how many of the first n schedules a strategy has.
func (r rota) had(strategy int, n uint64) (all uint64) {
	rounds, rest := n/uint64(len(r)), n%uint64(len(r))
	for i, s := range r {
		if s == strategy {
			if all += rounds; uint64(i) < rest {
				all++
			}
		}
	}
	return all
}

func newMixture(o Options) *mixture {
	m := &mixture{seed: o.Seed, limit: everything}
	named := map[string]int{}
	for _, entry := range strategies {
		if o.Strategy == "" || o.Strategy == entry.name {
			s := entry.make(Parameters{Seed: o.Seed, Preemptions: o.Preemptions}).(numbered)
			m.all = append(m.all, s)
			if l, learns := s.(learner); learns {
				m.lesson.learners = append(m.lesson.learners, l)
			}
			named[entry.name] = len(m.all) - 1
		}
	}
	for _, name := range inTurn {
		if i, takesPart := named[name]; takesPart {
			m.first = append(m.first, i)
		}
	}
	for i := range m.all {
		m.then = append(m.then, i)
	}
	return m
}

// taught is how many schedules the lessons take.
func (m *mixture) taught() uint64 {
	if len(m.lesson.learners) == 0 {
		return 0
	}
	return profiled
}

// claim takes the next number below an end.
func (m *mixture) claim(end uint64) (n uint64, ok bool) {
	for {
		n = m.claimed.Load()
		if n >= min(end, m.limit) {
			return n, false
		}
		if m.claimed.CompareAndSwap(n, n+1) {
			return n, true
		}
	}
}

// teach returns the strategy of one of the first schedules, which are executed in their order. Guided schedules learn from it, too, unless
// some were executed before.
func (m *mixture) teach(n uint64) Strategy {
	l := &m.lesson
	if n == 0 && m.before > 0 {
		l.learners = slices.DeleteFunc(l.learners, isGuided[learner])
	}
	for _, s := range l.learners {
		if g, is := s.(*guided); is {
			g.turn(n)
		}
	}
	l.restart(nil, m.words(n))
	l.Begin()
	return l
}

func isGuided[S Strategy](s S) bool {
	_, is := any(s).(*guided)
	return is
}

// learned ends the lessons.
func (m *mixture) learned() {
	for _, s := range m.lesson.learners {
		s.learned()
	}
}

// forWorker returns a function that prepares the strategy of a number.
func (m *mixture) forWorker() func(n uint64) Strategy {
	own := make([]numbered, len(m.all))
	for i, s := range m.all {
		own[i] = s.another().(numbered)
	}
	return func(n uint64) Strategy {
		i, before := m.turn(n)
		s := own[i]
		if g, is := s.(*guided); is {
			if m.before == 0 {
				before += m.taught()
			}
			g.turn(m.before + before)
		}
		s.restart(m.all[i], m.words(n))
		s.Begin()
		return s
	}
}

// guidedWorker is forWorker for the guided schedules of a stage of their own.
func (m *mixture) guidedWorker() func(n uint64) Strategy {
	i := slices.IndexFunc(m.all, isGuided[numbered])
	own := m.all[i].another().(*guided)
	return func(n uint64) Strategy {
		own.turn(n)
		own.restart(m.all[i], m.words(n+everything/2))
		own.Begin()
		return own
	}
}

// turn is whose turn a number is, and how many schedules that strategy has had before.
func (m *mixture) turn(n uint64) (strategy int, before uint64) {
	n -= m.taught()
	first := sampledFirst - m.taught()
	if n < first {
		strategy = m.first[n%uint64(len(m.first))]
		return strategy, m.first.had(strategy, n)
	}
	n -= first
	strategy = m.then[n%uint64(len(m.then))]
	return strategy, m.first.had(strategy, first) + m.then.had(strategy, n)
}

// words are the random words of a number.
func (m *mixture) words(n uint64) [2]uint64 {
	first := mix(m.seed + 0x9e3779b97f4a7c15*(n+1))
	return [2]uint64{first, mix(first + n)}
}
