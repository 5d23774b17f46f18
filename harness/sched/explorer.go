package sched

import (
	"fmt"
	"time"
)

// An explorer is a worker of a search and what it has not told the others yet.
type explorer struct {
	search *search
	source func() (Strategy, uint64)
	number uint64 // of the schedule now; in an enumeration within its part
	w      *worker
	stats  Statistics
	hashes []uint64
	random bool

	follower     *follower
	fingerprints []uint64

	executed int
	told     time.Time // when the search was told of what was done, last
	heard    []hearing // by client, what the search knows

	repeating *recorded // the execution now is the second of its kind
	first     []step
}

// next picks the strategy of the next schedule, or repeats the last one.
func (e *explorer) next() Strategy {
	if e.repeating != nil {
		e.repeating.Begin()
		return e.repeating
	}
	s := e.search
	if s.stopped.Load() {
		return nil
	}
	now := time.Now() // for each schedule: one with crashes may take seconds
	switch {
	case s.ctx.Err() != nil:
		s.stop("interrupted", nil)
		return nil
	case !s.deadline.IsZero() && now.After(s.deadline):
		s.stop(TimeIsUp, nil)
		return nil
	case now.Sub(e.told) > tellEvery:
		e.flush()
		e.told = now
	}
	var strategy Strategy
	strategy, e.number = e.source()
	return strategy
}

func (e *explorer) judge(x *Execution, strategy Strategy) {
	if e.repeating != nil {
		e.judgeRepeated(x)
		return
	}
	strategy.End(len(x.trace), x.failure != nil)
	if b, ok := strategy.(*bounded); ok {
		b.part.executed.Add(1)
	}
	e.executed++
	e.stats.Schedules++
	e.stats.Steps += uint64(len(x.trace))
	e.stats.MaxSteps = max(e.stats.MaxSteps, len(x.trace))
	e.hashes = append(e.hashes, x.hash)
	e.follow(x)
	e.listen(x)
	if b, ok := strategy.(*bounded); ok && x.tookTurns() { // what it shows counts, but the bound cannot be exhausted any more
		defer b.frontier.unjudgedIn(b.part)
	}
	if x.failure != nil {
		e.found(x, strategy)
	} else if n := e.search.options.RepeatEvery; n > 0 && e.executed%n == 0 {
		e.first = append(e.first[:0], x.trace...)
		e.repeating = &recorded{trace: e.first}
	}
	if len(e.hashes) >= 512 {
		e.flush()
	}
}

// follow looks at one execution in coverageEvery.
func (e *explorer) follow(x *Execution) {
	if e.executed%coverageEvery != 0 {
		return
	}
	e.fingerprints = append(e.fingerprints, e.follower.follow(x.trace, len(x.threads)))
	if len(e.fingerprints) >= 512 {
		e.flushCoverage()
	}
}

// listen notes which clients come to failpoints.
func (e *explorer) listen(x *Execution) {
	for i, t := range x.clients {
		if i == len(e.heard) {
			e.heard = append(e.heard, nothing)
		}
		now := nothing
		switch {
		case t.passed:
			now = cameToAPoint
		case x.failure == nil && !x.enough:
			now = endedSilently
		}
		if now > e.heard[i] {
			e.heard[i] = now
			e.search.mu.Lock()
			e.search.passed[t.name] = e.search.passed[t.name] || t.passed
			e.search.mu.Unlock()
		}
	}
}

// A hearing is what is known of a client.
type hearing uint8

const (
	nothing hearing = iota
	endedSilently
	cameToAPoint
)

func (e *explorer) flushCoverage() {
	e.search.mu.Lock()
	defer e.search.mu.Unlock()
	e.search.covered.add(e.follower, e.fingerprints, e.random)
	e.fingerprints = e.fingerprints[:0]
}

func (e *explorer) judgeRepeated(x *Execution) {
	e.repeating = nil
	if difference := x.diverged(e.first); difference != "" {
		e.search.stop("the scenario is not deterministic", fmt.Errorf("the same choices made a different execution: %s. "+
			"Look for the wall clock, randomness, the order of a map, or state that is left from the execution before", difference))
		return
	}
	e.stats.Repeated++
}

// found keeps a failure. One that says nothing about the program ends the search with an error.
func (e *explorer) found(x *Execution, strategy Strategy) {
	s := e.search
	if x.failure.Kind == Unusable {
		s.stop("a schedule could not be executed", x.failure)
		return
	}
	b, enumerated := strategy.(*bounded)
	if x.failure.Kind == StepLimit {
		e.stats.Unknown++
		if enumerated {
			b.part.shown.addUnknown(e.number, x.failure)
			return
		}
		s.mu.Lock()
		s.drawn.addUnknown(e.number, x.failure)
		s.mu.Unlock()
		return
	}
	schedule, preemptions := x.schedule()
	class := x.failure.Class()
	f := Finding{Failure: x.failure, Schedule: schedule, Preemptions: preemptions, Strategy: strategy.Name()}
	if enumerated {
		if b.part.shown.add(e.number, class, f); s.wanted(class) {
			b.frontier.endIn(b.part, endedByFailure)
		}
		return
	}
	s.mu.Lock()
	s.drawn.add(e.number, class, f)
	s.mu.Unlock()
	if s.wanted(class) { // all lower numbers were claimed before, and are executed
		s.stop("a failure was found", nil)
	}
}

// flush tells the search what was done since the last time.
func (e *explorer) flush() {
	s := e.search
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Schedules += e.stats.Schedules
	s.stats.Steps += e.stats.Steps
	s.stats.Repeated += e.stats.Repeated
	s.stats.Unknown += e.stats.Unknown
	s.stats.MaxSteps = max(s.stats.MaxSteps, e.stats.MaxSteps)
	e.stats = Statistics{}
	for _, h := range e.hashes {
		if len(s.distinct) >= maxDistinct {
			break
		}
		s.distinct[h] = struct{}{}
	}
	e.hashes = e.hashes[:0]
}
