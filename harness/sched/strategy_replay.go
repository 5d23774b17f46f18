package sched

import (
	"fmt"
	"slices"
	"strings"
)

// replay follows a schedule's text. What it cannot follow it keeps in problem, and the execution says nothing then.
type replay struct {
	schedule Schedule
	lenient  bool
	met      []bool
	hits     hitCounts
	problem  string
}

// Replay returns the strategy that follows a schedule, once per execution.
func Replay(s Schedule) Strategy { return &replay{schedule: s} }

// Follow is Replay that makes the switches it can and passes over the others: for a program that has become smaller.
func Follow(s Schedule) Strategy { return &replay{schedule: s, lenient: true} }

func (*replay) Name() string { return "replay" }

func (r *replay) Begin() bool {
	r.met, r.hits, r.problem = make([]bool, len(r.schedule)), nil, ""
	return true
}

func (*replay) End(int, bool) {}

func (r *replay) Next(c *Choice) int {
	if len(r.schedule) == 0 {
		return c.Default()
	}
	x := c.execution
	at := x.place(x.arrived(r))
	for i, s := range r.schedule {
		if s.At != at || r.met[i] {
			continue
		}
		to := slices.IndexFunc(x.threads, func(t *thread) bool { return t.name == s.To })
		n := slices.IndexFunc(c.Enabled, func(e Candidate) bool { return e.Thread == to })
		if n < 0 && r.lenient {
			break
		}
		if n < 0 {
			r.problem = fmt.Sprintf("at %v thread %s cannot go on; those that can: %s", s.At, s.To, x.names(c.Enabled))
			x.fail(&Failure{Kind: Unusable, Message: r.problem})
			return -1
		}
		r.met[i] = true
		return n
	}
	return c.Default()
}

// arrived is the step that is being decided, and how often its thread has come there.
func (x *Execution) arrived(r *replay) (step, int) {
	s := step{from: int16(x.stopped.id), at: x.stopped.at.code()}
	return s, r.hits.next(s)
}

func (x *Execution) names(enabled []Candidate) string {
	var words []string
	for _, e := range enabled {
		words = append(words, x.threads[e.Thread].name)
	}
	return strings.Join(words, ", ")
}

// unmet lists the switches whose place was never reached.
func (r *replay) unmet() string {
	var words []string
	for i, s := range r.schedule {
		if !r.met[i] {
			words = append(words, s.At.String())
		}
	}
	return strings.Join(words, ", ")
}
