package sched

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// A search without a strategy's name is a portfolio. Most faults are shown by fewer random schedules than an enumeration takes, so
// the random strategies have schedules in turn first (inTurn), sampledFirst together. Then come every schedule without a preemption
// and every one with one, whose worth is the claim, and then random ones again. Both bounds come first if they have only fewSchedules, and
// the one without a preemption if it has only fewUnpreempted: a fault in them is shown in its shortest form.
//
// An enumeration has a quarter of the schedules, at most partSchedules, and a quarter of the time; so a search that only the number
// of schedules limits is the same each time. The first schedule tells about how many there are within a bound (bounded.guess). A
// bound that has more than its share is left: only its last choices would ever be changed, and nothing could be claimed. If even
// the schedules without a preemption are too many, there are very many threads, and guidedFirst guided schedules come first.
const (
	partSchedules  = 4096
	partBounds     = 2
	sampledFirst   = 1024
	fewSchedules   = 24
	fewUnpreempted = 12
	guidedFirst    = 64
)

// portfolio runs the parts until one of them has left nothing to do.
func (s *search) portfolio() (all []Exhausted) {
	m, share := newMixture(s.options), s.share()
	over := func() bool { return s.stopped.Load() || len(all) > 0 && all[len(all)-1].Complete }
	all, about := s.afford(0, fewUnpreempted)
	if !over() && about[1] <= fewSchedules {
		for bound := len(all); bound < partBounds && !over(); bound++ {
			claims, _ := s.afford(bound, fewSchedules)
			all = append(all, claims...)
		}
	}
	if !over() && about[0] > share {
		s.guide(m)
	}
	if over() || !s.sample(m, sampledFirst) {
		return all
	}
	for bound := len(all); bound < partBounds && about[bound] <= share && !over(); bound++ {
		claims, _ := s.afford(bound, share)
		all = append(all, claims...)
	}
	if !over() {
		s.sample(m, everything)
	}
	return all
}

// share is how many schedules an enumeration may have.
func (s *search) share() float64 {
	if n := s.options.Schedules; n > 0 {
		return float64(min(partSchedules, (n+3)/4))
	}
	return partSchedules
}

// afford enumerates a bound if it has at most so many schedules, and says about how many each bound has.
func (s *search) afford(bound int, most float64) (claims []Exhausted, about [partBounds]float64) {
	var until time.Time
	if s.options.Budget > 0 {
		until = time.Now().Add(s.options.Budget / 4)
	}
	limit := s.counted + uint64(most)
	if n := uint64(s.options.Schedules); n > 0 {
		limit = min(limit, n)
	}
	claims, _ = s.exhaust(bound, limit, func(b *bounded) bool {
		if b.isFirst() {
			about = [partBounds]float64{b.guess(0), b.guess(1)}
			if about[bound] > most {
				return true
			}
		}
		return !until.IsZero() && time.Now().After(until)
	})
	return claims, about
}

// guide executes the guided schedules that come first where there are very many threads.
func (s *search) guide(m *mixture) {
	limit := uint64(guidedFirst)
	if n := s.options.Schedules; n > 0 {
		limit = min(limit, uint64(n+3)/4, uint64(n)-s.counted)
	}
	var claimed atomic.Uint64
	s.run(s.options.Workers, true, func(int) func() (Strategy, uint64) {
		begin := m.guidedWorker()
		return func() (Strategy, uint64) {
			n := claimed.Add(1) - 1
			if n >= limit {
				return nil, 0
			}
			return begin(n), n
		}
	})
	m.before = s.settleDrawn(min(claimed.Load(), limit), true)
}

// settleDrawn counts the random schedules of a stage in which that many were begun.
func (s *search) settleDrawn(begun uint64, random bool) (counted uint64) {
	if first, found := s.drawn.first(s.options.Class); found && (!s.options.All || s.options.Class != "") {
		begun = first + 1
	}
	s.shown.include(&s.drawn, s.counted, begun)
	s.drawn = sightings{}
	s.countLate(begun, random)
	s.count(begun)
	return begun
}

// enumerate exhausts one bound after another, up to the last one, or the limit of schedules (0 for none).
func (s *search) enumerate(last int, limit uint64) (all []Exhausted) {
	if s.options.Reduced {
		if claims, suits := s.reduce(last, limit); suits {
			return claims
		}
		s.options.Reduced = false
	}
	for bound, more := 0, true; bound <= last && more; bound++ {
		var claims []Exhausted
		claims, more = s.exhaust(bound, limit, func(b *bounded) bool {
			return s.options.affordable > 0 && b.isFirst() && b.guess(bound) > s.options.affordable
		})
		all = append(all, claims...)
	}
	return all
}

// exhaust enumerates one bound, until enough says so or all schedules come to the limit (0 for none). It returns what can be
// claimed, and whether a higher bound may show more.
func (s *search) exhaust(bound int, limit uint64, enough func(*bounded) bool) (claims []Exhausted, more bool) {
	if s.stopped.Load() {
		return nil, false
	}
	if limit > 0 && s.counted >= limit {
		s.endedBy(endedByLimit)
		return nil, false
	}
	left := newFrontier(s.options.Workers, limit-min(s.counted, limit))
	defer s.enumerating(left, Within(bound, s.options.Strategy))()
	parts := make([]*bounded, s.options.Workers)
	s.run(s.options.Workers, false, func(i int) func() (Strategy, uint64) {
		parts[i] = &bounded{delays: s.options.Strategy == "delay-bounded", switches: s.options.switches, bound: bound, frontier: left}
		return func() (Strategy, uint64) { return parts[i].next(enough) }
	})
	schedules, end, unjudged := left.settle(&s.shown, s.counted, func(marks []mark) { s.countMarks(marks, false) })
	s.count(schedules)
	if unjudged {
		s.noteUnjudged(bound)
	}
	s.endedBy(end)
	if end != notEnded || s.stopped.Load() || left.abandoned {
		return nil, false
	}
	if s.unjudged != nil {
		return nil, true // a higher bound may find something, and none can be claimed
	}
	complete := !slices.ContainsFunc(parts, func(b *bounded) bool { return b.capped })
	s.ended = s.options.everySchedule(bound)
	return []Exhausted{{Bound: bound, Schedules: schedules, MaxSteps: s.stats.MaxSteps, Complete: complete}}, !complete
}

// enumerating makes the progress say what is enumerated, until ended is called.
func (s *search) enumerating(frontier interface{ close() }, within string) (ended func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frontier, s.stats.Within = frontier, within
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stats.Within = ""
	}
}

// endedBy says why the enumeration of a bound has ended.
func (s *search) endedBy(end ending) {
	switch {
	case end == endedByFailure:
		s.stop("a failure was found", nil)
	case end == endedByLimit && s.counted == uint64(s.options.Schedules):
		s.stop("the number of schedules is reached", nil)
	}
}

// noteUnjudged notes that schedules of a bound came to the step limit.
func (s *search) noteUnjudged(bound int) {
	if s.unjudged != nil {
		return
	}
	s.ended = fmt.Sprintf("schedules %s were given up after %d choices, so that bound says nothing", Within(bound, s.options.Strategy), s.options.StepLimit)
	s.unjudged = fmt.Errorf("%w: %s; a loop that waits for another thread needs a strategy that is fair: random, pct, pos, surw, guided", ErrUnjudged, s.ended)
}

// next moves to the next schedule, and numbers it within its part.
func (b *bounded) next(enough func(*bounded) bool) (Strategy, uint64) {
	if enough(b) {
		b.frontier.abandon()
		return nil, 0
	}
	for b.Begin() {
		if !b.frontier.over(b.part) {
			return b, b.part.executed.Load()
		}
		b.leave()
	}
	return nil, 0
}

// firstStage is how many random schedules are drawn before Options.Enough is first asked.
const firstStage = 64

// NothingNew is Result.Ended of a search that Options.Enough has ended.
const NothingNew = "what it shows is not new any more"

// sample draws schedules at random, up to a number of the mixture or until the budget is spent. It says whether the search goes on.
func (s *search) sample(m *mixture, end uint64) (goesOn bool) {
	base := m.claimed.Load()
	m.limit = everything
	if n := uint64(s.options.Schedules); n > 0 {
		m.limit = base + n - min(s.counted, n)
	}
	if base < m.taught() {
		s.run(1, true, func(int) func() (Strategy, uint64) {
			return func() (Strategy, uint64) {
				n, ok := m.claim(m.taught())
				if !ok {
					return nil, 0
				}
				return m.teach(n), n
			}
		})
		m.learned()
	}
	enough := false
	for stage := uint64(firstStage); !enough; stage *= 2 {
		if stage <= base {
			continue
		}
		upTo := end
		if s.options.Enough != nil {
			upTo = min(stage, end)
		}
		s.run(s.options.Workers, true, func(int) func() (Strategy, uint64) {
			begin := m.forWorker()
			return func() (Strategy, uint64) {
				n, ok := m.claim(upTo)
				if !ok { // others may still execute theirs, and find something
					return nil, 0
				}
				return begin(n), n - base
			}
		})
		if s.stopped.Load() || m.claimed.Load() != upTo || upTo == m.limit {
			break
		}
		if s.options.Enough != nil {
			s.countLate(upTo-base, true)
			enough = s.options.Enough(s.statistics())
		}
		if upTo == end {
			break
		}
	}
	claimed := m.claimed.Load()
	_, found := s.drawn.first(s.options.Class)
	switch wanted := !s.options.All || s.options.Class != ""; {
	case found && wanted:
	case claimed == m.limit:
		s.stop("the number of schedules is reached", nil)
	case enough:
		s.stop(NothingNew, nil)
	}
	s.settleDrawn(claimed-base, true)
	return claimed == end && !s.stopped.Load()
}
