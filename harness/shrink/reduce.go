package shrink

import (
	"slices"

	"github.com/racewindow/racewindow/harness/sched"
)

// A program of thousands of operations must become small before anything is searched: a schedule of it takes
// milliseconds, and so does the text of a candidate. So the first steps remove many operations at a time, with one
// execution each.

// reduced is the number of operations below which a search costs little.
const reduced = 24

// fewerOperations removes operations of each thread in turn by delta debugging, as long as the failure remains. The
// switches move with the operations that contain them.
func (m *minimizer) fewerOperations() {
	for changed := true; changed && operations(m.Case) > reduced && !m.ended(); {
		changed = false
		for thread := len(m.Case.Threads) - 1; thread >= 0; thread-- {
			passes := m.passesOf(m.Case.Threads[thread].Name)
			sched.LeaveOut(func() int { return len(m.Case.Threads[thread].Operations) }, m.ended, func(from, to int) bool {
				if !m.without(thread, from, to, passes) {
					return false
				}
				passes, changed = m.passesOf(m.Case.Threads[thread].Name), true
				return true
			})
		}
	}
}

// without removes some operations of a thread, and says whether the failure remains.
func (m *minimizer) without(thread, from, to int, passes []pass) bool {
	smaller, name := m.Case.Clone(), m.Case.Threads[thread].Name
	for at := to - 1; at >= from; at-- {
		smaller.DropOperation(thread, at)
	}
	if smaller.Switches = nil; smaller.Check() != nil {
		return false
	}
	out, err := m.replay(smaller, sched.Follow(moved(m.Case.Switches, name, from, to, passes)))
	if err != nil || !m.shows(out) || out.Preemptions > m.Preemptions {
		return false
	}
	m.take(smaller, out)
	return true
}

// A pass is one arrival of a thread at a point, during the operation with this number, from 0.
type pass struct {
	point     string
	operation int
}

// passesOf returns the points that a thread comes to in the case, in order.
func (m *minimizer) passesOf(thread string) (passes []pass) {
	scenario, err := m.scenarioOf(m.Case)
	if err != nil {
		return nil
	}
	m.Tries++
	operation := 0
	for _, p := range sched.NewRunner(scenario, sched.Options{StepLimit: m.limits.StepLimit}).Places(m.Case.Switches) {
		switch {
		case p.Thread != thread:
		case p.Point == sched.OpPoint:
			operation++
		default:
			passes = append(passes, pass{p.Point, operation})
		}
	}
	return passes
}

// moved returns the switches of a case without some operations of a thread. A switch inside these operations is dropped.
// A switch at their end moves to the end of the operation before them, or to the start.
func moved(switches sched.Schedule, thread string, from, to int, passes []pass) (all sched.Schedule) {
	for _, s := range switches {
		at := &s.At
		switch {
		case at.Thread != thread || at.Point == sched.EndPoint || at.Hit == sched.EachHit:
		case at.Point == sched.OpPoint:
			at.Hit -= min(max(at.Hit-from, 0), to-from)
			if at.Hit == 0 {
				*at = sched.Place{Point: sched.StartPoint}
			}
		default:
			gone, within := passed(passes, at, from, to)
			if within {
				continue
			}
			at.Hit -= gone
		}
		if !slices.ContainsFunc(all, func(other sched.Switch) bool { return other.At == s.At }) {
			all = append(all, s)
		}
	}
	return all
}

// passed counts how often a thread has come to the point of a place during some operations, up to the place, and says whether the
// place itself is within them.
func passed(passes []pass, place *sched.Place, from, to int) (times int, within bool) {
	hit := 0
	for _, p := range passes {
		if p.point != place.Point {
			continue
		}
		hit++
		if within = p.operation >= from && p.operation < to; within {
			times++
		}
		if hit == place.Hit {
			return times, within
		}
	}
	return times, false
}
