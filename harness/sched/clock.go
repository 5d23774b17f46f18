package sched

import "math/rand/v2"

// Time. A mechanism's clock moves when nobody can go on (Mechanism.Due). Where timers are choices it is a candidate besides, the last one,
// whose action is Fires: if it is chosen, the next timer fires although others could go on. Timeouts come early then, as they do on a
// machine that is busy, so a search without that choice comes first, and what only the other one finds is of another class.
//
// The clock is a thread of the schedule that goes on for one step. It never goes on unless it is chosen, which counts as a preemption of
// whoever could have gone on.

// seldom is how many choices there are for one of the clock: most programs have a timer at all times.
const seldom = 50

// fires draws whether the next timer fires now. If it does not, the clock is no candidate any more.
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

// clock is the index of the clock, if there is one.
func (c *Choice) clock() int { return len(c.Enabled) - 1 }

// Fires says whether the clock goes on somewhere in a schedule of a mechanism that calls it by that name.
func (s Schedule) Fires(clock string) bool {
	for _, w := range s {
		if w.To == clock {
			return true
		}
	}
	return false
}

// Without is the schedule without the switches to and from a thread.
func (s Schedule) Without(thread string) (rest Schedule) {
	for _, w := range s {
		if w.To != thread && w.At.Thread != thread {
			rest = append(rest, w)
		}
	}
	return rest
}
