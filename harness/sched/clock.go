package sched

import "math/rand/v2"

// Time. A mechanism's clock moves when no thread can go on (Mechanism.Due). Where timers are choices, the clock is also a
// candidate: the last one, with the action Fires. If it is chosen, the next timer fires although threads could go on. Timeouts
// then come early, as they do on a busy machine. So a search without that choice comes first, and a finding that needs it has a
// class of its own.
//
// In a schedule the clock is a thread that goes on for one step. It goes on only when it is chosen, which counts as a preemption
// of the thread that could have gone on.

// seldom is in how many choices the clock is drawn once. It is rare, because most programs have a timer at all times.
const seldom = 50

// fires draws whether the next timer fires now. If it does not, the clock is removed from the candidates.
func (c *Choice) fires(source *rand.PCG) bool {
	if !c.Timer {
		return false
	}
	if below(source, seldom) == 0 {
		return true
	}
	c.Enabled = c.Enabled[:len(c.Enabled)-1]
	return false
}

// clock returns the index of the clock, if there is one.
func (c *Choice) clock() int { return len(c.Enabled) - 1 }

// Fires says whether a schedule lets the clock go on. clock is the name that the mechanism gives it.
func (s Schedule) Fires(clock string) bool {
	for _, w := range s {
		if w.To == clock {
			return true
		}
	}
	return false
}

// Without returns the schedule without the switches to and from a thread.
func (s Schedule) Without(thread string) (rest Schedule) {
	for _, w := range s {
		if w.To != thread && w.At.Thread != thread {
			rest = append(rest, w)
		}
	}
	return rest
}
