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
	limit := int64(partSchedules)
	if n := s.options.Schedules; n > 0 {
		limit = min(limit, int64(n+3)/4)
	}
	var until time.Time
	if s.options.Budget > 0 {
		until = s.began.Add(s.options.Budget / 4)
	}
	all := s.enumerate(partBounds, func() bool {
		return s.started.Load() > limit || !until.IsZero() && time.Now().After(until)
	})
	if !s.stopped.Load() && (len(all) == 0 || !all[len(all)-1].Complete) {
		s.run(true, s.mixed)
	}
	return all
}

// enumerate exhausts one bound after the other, up to the last one or until enough says so.
func (s *search) enumerate(last int, enough func() bool) (all []Exhausted) {
	for bound := 0; bound <= last && !s.stopped.Load(); bound++ {
		s.mu.Lock()
		before := s.stats.Schedules
		left := newFrontier(s.options.Workers)
		s.frontier = left
		s.mu.Unlock()
		parts := make([]*bounded, s.options.Workers)
		s.run(false, func(i int) func() Strategy {
			parts[i] = &bounded{delays: s.options.Strategy == "delay-bounded", bound: bound, frontier: left}
			return func() Strategy {
				if enough() {
					left.abandon()
				} else if parts[i].Begin() {
					return parts[i]
				}
				return nil
			}
		})
		if slices.ContainsFunc(parts, func(b *bounded) bool { return b.givenUp > 0 }) {
			s.ended = fmt.Sprintf("schedules with at most %d were given up after %d choices, so that bound says nothing", bound, s.options.StepLimit)
			break
		}
		if s.stopped.Load() || left.abandoned {
			break
		}
		complete := !slices.ContainsFunc(parts, func(b *bounded) bool { return b.capped })
		all = append(all, Exhausted{bound, s.stats.Schedules - before, s.stats.MaxSteps, complete})
		s.ended = fmt.Sprintf("every schedule with at most %d was executed", bound)
		if complete {
			break
		}
	}
	return all
}

// mixed returns the source of a worker's random strategies: the one with the name that was asked for, or a few of each in turn.
func (s *search) mixed(worker int) func() Strategy {
	var all []Strategy
	for i, entry := range strategies {
		if s.options.Strategy == "" || s.options.Strategy == entry.name {
			p := Parameters{Seed: s.options.Seed, Stream: uint64(worker)<<8 | uint64(i), Preemptions: s.options.Preemptions}
			all = append(all, entry.make(p))
		}
	}
	const inARow = 32
	turn := 0
	return func() Strategy {
		for range all {
			strategy := all[turn/inARow%len(all)]
			turn++
			if strategy.Begin() {
				return strategy
			}
		}
		return nil
	}
}
