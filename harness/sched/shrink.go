package sched

import (
	"context"
	"slices"
)

// Shrinking is bounded by what it executes and not by time, so that it comes to the same each time.
const (
	shrinkExecutions = 4000
	shrinkSteps      = 6_000_000
	// shrinkSchedules bounds the search for a schedule with fewer preemptions.
	shrinkSchedules = 2000
)

// Shrink makes a failing schedule smaller: it leaves out switches, many at once at first, as long as a failure of the same class is
// left, then looks for one with fewer preemptions among all schedules with fewer, as far as 2,000 go. A schedule that does not end
// becomes its cycle. It returns what the smallest one came to; with Failure nil if the schedule does not fail at all. It ends
// after 4,000 executions, or 6 million steps, and Outcome.Early says so.
func (r *Runner) Shrink(s Schedule) Outcome { return r.ShrinkTo(s, "") }

// ShrinkTo is Shrink for one failure of several that a schedule shows, by its class; "" for the first.
func (r *Runner) ShrinkTo(s Schedule, class string) Outcome {
	return r.shrink(s, class, shrinkExecutions, shrinkSteps)
}

// Fewest is ShrinkTo, and then looks for a schedule with fewer switches of any kind and no more preemptions, among all with fewer, as
// far as 2,000 go: where who waits or ends decides who is next, leaving out switches one at a time may not come to the smallest.
func (r *Runner) Fewest(s Schedule, class string) Outcome {
	m := &shrinking{r: r, class: class, executions: shrinkExecutions, steps: shrinkSteps}
	if m.shrink(s); m.best.Failure == nil || m.best.Failure.hangs() {
		return m.best
	}
	m.executions = max(m.executions, shrinkSchedules)
	for len(m.best.Schedule) > 1 && !m.spent() {
		fewer := m.search(Options{Preemptions: len(m.best.Schedule) - 1, switches: true})
		if fewer == nil {
			break
		}
		out := m.run(Follow(fewer))
		if !m.shows(out) || len(out.Schedule) >= len(m.best.Schedule) || out.Preemptions > m.best.Preemptions {
			break
		}
		out.Early = m.best.Early
		m.best = out
	}
	return m.best
}

func (r *Runner) shrink(s Schedule, class string, executions, steps int) Outcome {
	m := &shrinking{r: r, class: class, executions: executions, steps: steps}
	m.shrink(s)
	return m.best
}

func (m *shrinking) shrink(s Schedule) {
	if m.best = m.run(Follow(s)); m.best.Failure == nil {
		return
	}
	if m.class == "" {
		m.class = m.best.Failure.Class()
	}
	if !m.shows(m.best) {
		m.best.Failure = nil
		return
	}
	if m.best.Failure.hangs() {
		m.hung()
		return
	}
	m.fewerSwitches()
	if m.best.Preemptions == 0 {
		return
	}
	if fewer := m.fewerPreemptions(); fewer != nil {
		if out := m.run(Follow(fewer)); m.shows(out) {
			m.best = out
			m.fewerSwitches()
		}
	}
}

// shrinking is the state of one Shrink.
type shrinking struct {
	r                 *Runner
	class             string
	best              Outcome
	executions, steps int // that are left
}

func (m *shrinking) run(s Strategy) Outcome {
	out := m.r.Run(s, false).Of(m.class)
	m.executions--
	m.steps -= out.Steps
	return out
}

func (m *shrinking) spent() bool { return m.executions <= 0 || m.steps <= 0 }

func (m *shrinking) shows(out Outcome) bool {
	return out.Failure != nil && out.Failure.Class() == m.class
}

// fewerSwitches leaves out switches of the best schedule until none can be left out singly.
func (m *shrinking) fewerSwitches() {
	m.best.Early = !LeaveOut(func() int { return len(m.best.Schedule) }, m.spent, func(from, to int) bool {
		out := m.run(Follow(slices.Delete(slices.Clone(m.best.Schedule), from, to)))
		lighter := out.Preemptions < m.best.Preemptions || out.Preemptions == m.best.Preemptions && len(out.Schedule) < len(m.best.Schedule)
		if !m.shows(out) || !lighter {
			return false
		}
		m.best = out
		return true
	})
}

// LeaveOut is delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", TSE 2002) without the
// half of it that looks at single chunks, which a long schedule does not need: it leaves out half of n things, then quarters, down to
// single ones, and these until none can be. n says how many there are now; without leaves some of them out and says whether that
// could be. It returns false if it was spent before.
func LeaveOut(n func() int, spent func() bool, without func(from, to int) bool) (settled bool) {
	for span := max(1, n()/2); n() > 0; span = max(1, min(span, n())/2) {
		changed := false
		for at := 0; at < n(); {
			if spent() {
				return false
			}
			if without(at, min(at+span, n())) {
				changed = true
			} else {
				at += span
			}
		}
		if span == 1 && !changed {
			break
		}
	}
	return true
}

// fewerPreemptions looks for another schedule that fails with fewer preemptions.
func (m *shrinking) fewerPreemptions() Schedule {
	return m.search(Options{Preemptions: m.best.Preemptions - 1})
}

// search looks for a schedule that shows the same within a bound.
func (m *shrinking) search(o Options) Schedule {
	o.Schedules = min(shrinkSchedules, m.executions, m.steps/max(m.best.Steps, 1))
	if o.Schedules <= 0 {
		return nil
	}
	o.Strategy, o.Workers, o.RepeatEvery, o.Class = "bounded", 1, -1, m.class
	o.StepLimit, o.Hang, o.Trail = min(m.r.w.chooser.limit, 4*m.best.Steps+100), m.r.hang, m.r.w.chooser.trail
	found, err := SearchMechanism(context.Background(), m.r.w.another, o)
	m.executions -= int(found.Schedules)
	m.steps -= int(found.Steps)
	if err != nil {
		return nil
	}
	for _, f := range found.Findings {
		if f.Failure.Class() == m.class {
			return f.Schedule
		}
	}
	return nil
}
