package sched

import (
	"context"
	"slices"
	"time"
)

// Shrinking is bounded by what it executes and not by time, so that its result is the same each time. Runner.Until adds a time.
const (
	shrinkExecutions = 4000
	shrinkSteps      = 6_000_000
	// shrinkSchedules bounds each search for a schedule with fewer preemptions.
	shrinkSchedules = 2000
)

// Shrink makes a failing schedule smaller. It leaves out switches, many at once at first, as long as a failure of the same class
// remains. Then it looks for a schedule with fewer preemptions that fails (fewer.go). A schedule that does not end becomes its cycle.
// Shrink returns the outcome of the smallest one; its Failure is nil if the schedule does not fail at all. It ends after 4,000
// executions, or 6 million steps. Outcome.Early says that it ended before it had left out each switch, Outcome.Fewer that schedules
// with fewer preemptions remain which were not executed.
func (r *Runner) Shrink(s Schedule) Outcome { return r.ShrinkTo(s, "") }

// ShrinkTo is Shrink for one of the failures that a schedule shows, given by its class; "" for the first.
func (r *Runner) ShrinkTo(s Schedule, class string) Outcome {
	return r.shrink(s, class, shrinkExecutions, shrinkSteps)
}

// Fewest is ShrinkTo, and then searches all schedules with fewer switches of any kind, up to 2,000, for one that fails with no
// more preemptions. Where a thread that waits or ends decides which one is next, leaving out switches one at a time may miss the
// smallest.
func (r *Runner) Fewest(s Schedule, class string) Outcome {
	m := &shrinking{r: r, class: class, executions: shrinkExecutions, steps: shrinkSteps}
	if m.shrink(s); m.best.Failure == nil || m.best.Failure.hangs() {
		return m.best
	}
	m.executions = max(m.executions, shrinkSchedules)
	for len(m.best.Schedule) > 1 && !m.spent() {
		fewer, _ := m.search(Options{Preemptions: len(m.best.Schedule) - 1, switches: true})
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
	return m.told()
}

func (r *Runner) shrink(s Schedule, class string, executions, steps int) Outcome {
	m := &shrinking{r: r, class: class, executions: executions, steps: steps}
	m.shrink(s)
	return m.told()
}

// told returns the best outcome, and how many schedules with fewer preemptions do not show the failure.
func (m *shrinking) told() Outcome {
	if m.best.Preemptions > 0 && !m.all {
		m.best.Fewer = m.tried
	}
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
	m.fewerPreemptions()
}

// shrinking is the state of one Shrink.
type shrinking struct {
	r                 *Runner
	class             string
	best              Outcome
	executions, steps int // left to spend

	// tried is how many executions had fewer preemptions than the best schedule and did not show the failure. all says that these
	// are all schedules with fewer.
	tried int
	all   bool
}

func (m *shrinking) run(s Strategy) Outcome {
	m.r.brief = true
	out := m.r.Run(s, false).Of(m.class)
	m.r.brief = false
	m.executions--
	m.steps -= out.Steps
	return out
}

func (m *shrinking) spent() bool { return m.executions <= 0 || m.steps <= 0 || m.r.Late() }

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
// half that tests single chunks, which a long schedule does not need. It leaves out half of n things, then quarters, down to
// single ones, and repeats these until none can be left out. n says how many there are now; without leaves out some of them and
// says whether it could. LeaveOut returns false if spent said true first.
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

// search looks within a bound for a schedule that shows the same failure.
func (m *shrinking) search(o Options) (shows Schedule, r Result) {
	o.Schedules = min(shrinkSchedules, m.executions, m.steps/max(m.best.Steps, 1))
	if o.Schedules <= 0 || m.r.Late() {
		return nil, r
	}
	if !m.r.until.IsZero() {
		o.Budget = time.Until(m.r.until)
	}
	o.Strategy, o.Workers, o.RepeatEvery, o.Class = "bounded", 1, -1, m.class
	o.StepLimit, o.Hang, o.Trail = min(m.r.w.chooser.limit, 4*m.best.Steps+100), m.r.hang, m.r.w.chooser.trail
	r, err := SearchMechanism(context.Background(), m.r.w.another, o)
	m.executions -= int(r.Schedules)
	m.steps -= int(r.Steps)
	if err != nil {
		return nil, Result{}
	}
	for _, f := range r.Findings {
		if f.Failure.Class() == m.class {
			return f.Schedule, r
		}
	}
	return nil, r
}
