package sched

import (
	"fmt"
	"slices"
	"strings"
)

// replay follows a schedule's text. If it cannot, problem says why, and the execution says nothing.
type replay struct {
	before, cycle Schedule
	at            map[Place]int // index of the switch before the cycle
	lenient       bool
	met           []bool
	unmade        int // switches before the cycle that were neither made nor passed over
	hits          hitCounts
	problem       string

	next   int  // switch of the cycle
	rounds int  // that were completed
	over   bool // a thread of the cycle has ended
	round  int  // steps when the first round was complete
}

// Replay returns the strategy that follows a schedule, once per execution.
func Replay(s Schedule) Strategy { return newReplay(s, false) }

// Follow is Replay that makes the switches it can and passes over the others: for a program that has become smaller.
func Follow(s Schedule) Strategy { return newReplay(s, true) }

func newReplay(s Schedule, lenient bool) *replay {
	r := &replay{lenient: lenient, at: map[Place]int{}}
	r.before, r.cycle = s.Cycle()
	for i, w := range r.before {
		if _, twice := r.at[w.At]; !twice {
			r.at[w.At] = i
		}
	}
	return r
}

func (*replay) Name() string { return "replay" }

func (r *replay) Begin() bool {
	r.met, r.unmade, r.hits, r.problem = make([]bool, len(r.before)), len(r.before), hitCounts{}, ""
	r.next, r.rounds, r.over, r.round = 0, 0, false, 0
	return true
}

func (*replay) End(int, bool) {}

func (r *replay) Next(c *Choice) int {
	if len(r.before) == 0 && len(r.cycle) == 0 {
		return c.Default()
	}
	x := c.chooser
	at := x.place(x.arrived(r))
	if r.unmade == 0 {
		return r.goRound(c, at)
	}
	i, listed := r.at[at]
	if !listed || r.met[i] {
		return c.Default()
	}
	s := r.before[i]
	n := x.enabled(s.To)
	if n < 0 && !r.lenient {
		return r.cannot(c, s)
	}
	r.met[i] = true
	r.unmade--
	if n < 0 {
		return c.Default()
	}
	return n
}

// goRound makes the next switch of the cycle, if this is its place.
func (r *replay) goRound(c *Choice, at Place) int {
	if len(r.cycle) == 0 || r.over {
		return c.Default()
	}
	s := r.cycle[r.next]
	if s.At.Thread != at.Thread || s.At.Point != at.Point {
		return c.Default()
	}
	n := c.chooser.enabled(s.To)
	switch {
	case n < 0 && r.rounds == 0 && !r.lenient:
		return r.cannot(c, s)
	case n < 0:
		r.over = true
		return c.Default()
	}
	if r.next++; r.next == len(r.cycle) {
		r.next = 0
		if r.rounds++; r.rounds == 1 {
			r.round = c.Step + 1
		}
	}
	return n
}

// cannot reports that a switch cannot be made.
func (r *replay) cannot(c *Choice, s Switch) int {
	x := c.chooser
	r.problem = fmt.Sprintf("at %v thread %s cannot go on; those that can: %s", s.At, s.To, x.names(c.Enabled))
	if x.numberOf(s.To) < 0 {
		r.problem = fmt.Sprintf("at %v there is no thread %s; those that can go on: %s", s.At, s.To, x.names(c.Enabled))
	}
	if i, listed := r.at[s.At]; listed {
		r.problem += r.numbered(i)
	}
	x.Fail(&Failure{Kind: Unusable, Message: r.problem})
	return -1
}

// enabled returns the index of a thread among those that can go on; -1 if it cannot.
func (c *Chooser) enabled(name string) int {
	return slices.IndexFunc(c.choice.Enabled, func(e Candidate) bool { return c.name(e.Thread) == name })
}

// numberOf returns the number of a thread; -1 if there is none of that name.
func (c *Chooser) numberOf(name string) int {
	for i := range c.mechanism.Threads() {
		if c.name(i) == name {
			return i
		}
	}
	return -1
}

// arrived returns the step that is being decided, and how often its thread has come there.
func (c *Chooser) arrived(r *replay) (step, int) {
	s := newStep(c.stopped, 0, 0)
	return s, r.hits.next(s)
}

func (c *Chooser) names(enabled []Candidate) string {
	var words []string
	for _, e := range enabled {
		words = append(words, c.name(e.Thread))
	}
	return strings.Join(words, ", ")
}

// numbered says which of the switches it is.
func (r *replay) numbered(i int) string { return fmt.Sprintf(" [switch %d of %d]", i+1, len(r.before)) }

// unmet says which switches were never made, and why not; "" if all were.
func (r *replay) unmet(c *Chooser) string {
	var words []string
	for i, s := range r.before {
		if !r.met[i] {
			words = append(words, s.At.String()+r.why(c, s.At)+r.numbered(i))
		}
	}
	if len(words) > 0 {
		return "the schedule's places were not reached: " + strings.Join(words, ", ")
	}
	if len(r.cycle) > 0 && r.rounds == 0 {
		s := r.cycle[r.next]
		return "the threads did not go round in the schedule's cycle once; its next switch was " + s.String() + r.why(c, s.At)
	}
	return ""
}

// why says in parentheses what is known of a place that was not reached.
func (r *replay) why(c *Chooser, p Place) string {
	if p.Thread == "" {
		return ""
	}
	from := c.numberOf(p.Thread)
	if from < 0 {
		return " (there is no thread " + p.Thread + ")"
	}
	if p.Point == EndPoint {
		return ""
	}
	if m, knows := c.mechanism.(interface{ Knows(point string) bool }); knows && p.Point != OpPoint && !m.Knows(p.Point) {
		return " (this build has no point " + p.Point + ")"
	}
	times := 0
	for at, n := range r.hits {
		if at.thread == int32(from) && c.points.of(at.point).name == p.Point {
			times += n
		}
	}
	return fmt.Sprintf(" (%s came there %s)", p.Thread, counted(times, "time", "times"))
}

// followed returns the schedule as far as it was followed, after the threads have gone round in its cycle.
func (r *replay) followed() (all Schedule) {
	for i, s := range r.before {
		if r.met[i] {
			all = append(all, s)
		}
	}
	return append(all, r.cycle...)
}
