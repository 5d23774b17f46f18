package sched

import (
	"fmt"
	"strconv"
	"strings"
)

// Some operations of a thread can go on in several ways, such as a select with several ready cases. The way is chosen as the
// next thread is: it is a step of the execution, but neither a switch nor a preemption. A schedule's text lists it unless it is
// the first way: PLACE=N.

// A picker is a strategy that chooses among ways differently than among threads.
type picker interface {
	// Pick returns one of c.Enabled, all of which are the same thread.
	Pick(c *Choice) int
}

// MostWays is the most ways that are offered.
const MostWays = 64

// Pick returns which of several ways, from 0, a thread that has stopped takes. If not ok, no thread goes on.
func (c *Chooser) Pick(stopped *Candidate, ways int) (way int, ok bool) {
	if c.over() {
		return 0, false
	}
	c.stopped = stopped
	c.at = -1
	choice := &c.choice
	choice.Enabled, choice.Current, choice.Boundary = choice.Enabled[:0], -1, false
	for range min(ways, MostWays) {
		choice.Enabled = append(choice.Enabled, *stopped)
	}
	flags := picked
	choice.Timer = false
	if choice.Step = len(c.trace); !c.limited() {
		if p, is := c.strategy.(picker); is {
			way = p.Pick(choice)
		} else {
			way = c.strategy.Next(choice)
		}
		if uint(way) >= uint(len(choice.Enabled)) {
			if !c.hasFailed() {
				c.Fail(&Failure{Kind: Unusable, Message: fmt.Sprintf("the strategy %s chose way %d of %d", c.strategy.Name(), way, ways)})
			}
			return 0, false
		}
	} else {
		flags |= ownTurn
		way = c.turns.ways % len(choice.Enabled) // a loop may go on until a certain way is taken
		c.turns.ways++
	}
	if way > 0 && flags&ownTurn == 0 {
		flags |= deviates
	}
	c.trace = append(c.trace, newStep(c.stopped, way, flags))
	if c.trail != nil {
		c.trail.add(uint16(way) | trailWay)
	}
	if c.notes {
		c.view()
	}
	c.hash = (c.hash ^ uint64(way+1)) * fnvPrime
	return way, true
}

// way is how a switch names a way instead of a thread.
func way(n int) string { return "=" + strconv.Itoa(n) }

// isWay says whether a switch names a way, and which one.
func (s Switch) isWay() (n int, is bool) {
	digits, is := strings.CutPrefix(s.To, "=")
	if !is {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 16)
	return int(number), err == nil && number > 0 && digits[0] != '0'
}

func (p *pct) Pick(c *Choice) int    { return below(&p.source, len(c.Enabled)) }
func (p *pos) Pick(c *Choice) int    { return below(&p.source, len(c.Enabled)) }
func (s *surw) Pick(c *Choice) int   { return below(&s.source, len(c.Enabled)) }
func (l *lesson) Pick(c *Choice) int { return below(&l.source, len(c.Enabled)) }

// Pick repeats what was picked.
func (r *recorded) Pick(c *Choice) int {
	if r.at >= len(r.trace) || !r.trace[r.at].is(picked) {
		return -1
	}
	r.at++
	return int(r.trace[r.at-1].to)
}

// Pick takes the way that the schedule lists, or else the first one.
func (r *replay) Pick(c *Choice) int {
	if len(r.before) == 0 {
		return 0
	}
	at := c.chooser.place(c.chooser.arrived(r))
	i, listed := r.at[at]
	if !listed || r.met[i] {
		return 0
	}
	n, is := r.before[i].isWay()
	if !is || n >= len(c.Enabled) {
		if r.lenient {
			r.met[i] = true
			r.unmade--
			return 0
		}
		r.problem = fmt.Sprintf("at %v there are %d ways to go on, from 0, and %v is none of them", at, len(c.Enabled), r.before[i])
		c.chooser.Fail(&Failure{Kind: Unusable, Message: r.problem})
		return -1
	}
	r.met[i] = true
	r.unmade--
	return n
}
