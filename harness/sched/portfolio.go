package sched

import (
	"fmt"
	"slices"
	"time"
)

// A search without a strategy's name spends a part of its budget on enumerating every schedule without a preemption and then with
// one, which finds most faults and each in its shortest form, and the rest on the random strategies in turn. A part is a quarter
// of the schedules, at most partSchedules, and a quarter of the time: a search that is limited by the number of schedules
// alone is the same each time.
const (
	partSchedules = 4096
	partBounds    = 1
)

// portfolio runs the parts until one of them has left nothing to do.
func (s *search) portfolio() []Exhausted {
	limit := uint64(partSchedules)
	if n := s.options.Schedules; n > 0 {
		limit = min(limit, uint64(n+3)/4)
	}
	var until time.Time
	if s.options.Budget > 0 {
		until = s.began.Add(s.options.Budget / 4)
	}
	all := s.enumerate(partBounds, limit, func() bool { return !until.IsZero() && time.Now().After(until) })
	if !s.stopped.Load() && (len(all) == 0 || !all[len(all)-1].Complete) {
		s.sample()
	}
	return all
}

// enumerate exhausts one bound after the other, up to the last one, the limit of schedules (0 for none), or until enough says so.
func (s *search) enumerate(last int, limit uint64, enough func() bool) (all []Exhausted) {
	for bound := 0; bound <= last && !s.stopped.Load(); bound++ {
		if limit > 0 && s.counted >= limit {
			s.endedBy(endedByLimit)
			break
		}
		left := newFrontier(s.options.Workers, limit-min(s.counted, limit))
		s.mu.Lock()
		s.frontier = left
		s.mu.Unlock()
		parts := make([]*bounded, s.options.Workers)
		s.run(s.options.Workers, false, func(i int) func() (Strategy, uint64) {
			parts[i] = &bounded{delays: s.options.Strategy == "delay-bounded", switches: s.options.switches, bound: bound, frontier: left}
			return func() (Strategy, uint64) { return parts[i].next(enough) }
		})
		schedules, end, unjudged := left.settle(&s.shown, s.counted)
		s.count(schedules)
		if unjudged {
			s.saysNothing(bound)
		}
		s.endedBy(end)
		if end != notEnded || s.stopped.Load() || left.abandoned {
			break
		}
		if s.unjudged != nil {
			continue // a higher bound may find something, and none can be claimed
		}
		complete := !slices.ContainsFunc(parts, func(b *bounded) bool { return b.capped })
		all = append(all, Exhausted{bound, schedules, s.stats.MaxSteps, complete})
		s.ended = fmt.Sprintf("every schedule with at most %s was executed", s.options.bounds(bound))
		if complete {
			break
		}
	}
	return all
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

// saysNothing notes that schedules of a bound came to the step limit.
func (s *search) saysNothing(bound int) {
	if s.unjudged != nil {
		return
	}
	s.ended = fmt.Sprintf("schedules with at most %d were given up after %d choices, so that bound says nothing", bound, s.options.StepLimit)
	s.unjudged = fmt.Errorf("%w: %s; a loop that waits for another thread needs a strategy that is fair: random, pct, pos, surw", ErrUnjudged, s.ended)
}

// next goes to the next schedule, and numbers it within its part.
func (b *bounded) next(enough func() bool) (Strategy, uint64) {
	if enough() {
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

// firstStage is how many schedules are drawn before it is asked whether that is enough.
const firstStage = 64

// NothingNew is Result.Ended of a search that Options.Enough has ended.
const NothingNew = "what it shows is not new any more"

// sample draws schedules at random until the budget is spent.
func (s *search) sample() {
	limit := uint64(everything)
	if n := uint64(s.options.Schedules); n > 0 {
		limit = n - min(s.counted, n)
	}
	m := newMixture(s.options, limit)
	if m.taught() > 0 {
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
		upTo := uint64(everything)
		if s.options.Enough != nil {
			upTo = stage
		}
		s.run(s.options.Workers, true, func(int) func() (Strategy, uint64) {
			begin := m.forWorker()
			return func() (Strategy, uint64) {
				n, ok := m.claim(upTo)
				if !ok { // others may still execute theirs, and find something
					return nil, 0
				}
				return begin(n), n
			}
		})
		if s.stopped.Load() || m.claimed.Load() != upTo || upTo == limit {
			break
		}
		enough = s.options.Enough(s.statistics())
	}
	end := m.claimed.Load()
	first, found := s.drawn.first(s.options.Class)
	if wanted := !s.options.All || s.options.Class != ""; found && wanted {
		end = first + 1
	} else if end == limit {
		s.stop("the number of schedules is reached", nil)
	} else if enough {
		s.stop(NothingNew, nil)
	}
	s.shown.include(&s.drawn, s.counted, end)
	s.count(end)
}
