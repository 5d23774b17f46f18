package sched

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// An explorer is a worker of a search, with the results that it has not yet given to the search.
type explorer struct {
	search *search
	source func() (Strategy, uint64)
	number uint64 // of the current schedule; in an enumeration, within its part
	w      *worker
	stats  Statistics
	random bool

	follower *follower
	marks    []mark
	// current is no higher than the number of the schedule that is being executed.
	current atomic.Uint64

	executed int
	told     time.Time // when the search was last told of the results
	heard    []hearing // by thread, what the search knows

	repeating *recorded // not nil while a schedule is executed a second time
	first     []step
	strategy  Strategy // that chose the first execution
}

// next picks the strategy of the next schedule, or repeats the last one.
func (e *explorer) next() Strategy {
	if e.repeating != nil {
		e.repeating.Begin()
		return e.repeating
	}
	s := e.search
	if s.stopped.Load() {
		e.current.Store(everything)
		return nil
	}
	now := time.Now() // asked before each schedule, because one with crashes may take seconds
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
	if strategy, e.number = e.source(); strategy == nil {
		e.current.Store(everything)
	} else {
		e.current.Store(e.number)
	}
	return strategy
}

// flushEvery is how many schedules a worker keeps to itself.
const flushEvery = 512

func (e *explorer) judge(c *Chooser, strategy Strategy) {
	if e.repeating != nil {
		e.judgeRepeated(c)
		return
	}
	strategy.End(len(c.trace), c.failure != nil)
	if b, ok := strategy.(*bounded); ok {
		b.part.executed.Add(1)
	}
	if r, ok := strategy.(*reduced); ok && !r.of.counts() {
		return
	}
	e.executed++
	e.stats.Schedules++
	e.mark(c, strategy)
	e.listen(c)
	if b, ok := strategy.(*bounded); ok && c.TakesTurns() { // what it shows counts, but the bound cannot be exhausted any more
		defer b.frontier.unjudgedIn(b.part)
	}
	if c.failure != nil {
		e.found(c, strategy)
	} else if n := e.search.options.RepeatEvery; n > 0 && e.executed%n == 0 {
		e.first = append(e.first[:0], c.trace...)
		e.repeating, e.strategy = &recorded{trace: e.first}, strategy
	}
	if e.stats.Schedules >= flushEvery {
		e.flush()
		e.flushCoverage()
	}
}

// listen notes which of the threads that count (Mechanism.Counts) reach points.
func (e *explorer) listen(c *Chooser) {
	for i := range c.mechanism.Threads() {
		if !c.mechanism.Counts(i) {
			continue
		}
		for i >= len(e.heard) {
			e.heard = append(e.heard, nothing)
		}
		now := nothing
		switch {
		case e.follower.threads[i].came:
			now = cameToAPoint
		case c.failure == nil && !c.enough:
			now = endedSilently
		}
		if now > e.heard[i] {
			e.heard[i] = now
			name := c.name(i)
			e.search.mu.Lock()
			e.search.passed[name] = e.search.passed[name] || now == cameToAPoint
			e.search.mu.Unlock()
		}
	}
}

// A hearing is what is known of a thread.
type hearing uint8

const (
	nothing hearing = iota
	endedSilently
	cameToAPoint
)

func (e *explorer) flushCoverage() {
	e.search.mu.Lock()
	defer e.search.mu.Unlock()
	e.search.covered.add(e.follower)
}

// notDeterministic is Result.Ended of a search that met an execution which cannot be repeated.
const notDeterministic = "the scenario is not deterministic"

func (e *explorer) judgeRepeated(c *Chooser) {
	e.repeating = nil
	if f := c.failure; f != nil && f.Kind == DataRace && slices.Equal(c.trace, e.first) { // a data race is a finding, however seldom the detector sees it
		e.found(c, e.strategy)
		return
	}
	if difference := c.diverged(e.first); difference != "" {
		e.strays("the same choices made a different execution: "+difference, e.strategy)
		return
	}
	e.stats.Confirmed++
}

// mostStrays is the number of strayed schedules from which the search ends if fewer could be repeated.
const mostStrays = 8

// strays is called when an execution differs from the earlier one with the same choices. It ends the search or, if the search may
// go on (Options.Strays), the enumeration, which relies on repetition.
func (e *explorer) strays(why string, strategy Strategy) {
	s := e.search
	s.mu.Lock()
	if s.strayed == "" {
		s.strayed = why
	}
	s.stats.Strayed++
	goesOn := s.options.Strays && (s.stats.Strayed < mostStrays || s.stats.Strayed <= s.stats.Confirmed+e.stats.Confirmed)
	s.mu.Unlock()
	if !goesOn {
		s.stop(notDeterministic, fmt.Errorf("%s. %s", why, lookFor))
	} else if b, is := strategy.(*bounded); is {
		b.frontier.abandon()
	} else if r, is := strategy.(*reduced); is {
		r.of.abandon()
	}
}

// found keeps the failures of an execution. One that says nothing about the program ends the search with an error.
func (e *explorer) found(c *Chooser, strategy Strategy) {
	if errors.Is(c.failure, ErrStrayed) {
		e.strays(c.failure.Message, strategy)
		return
	}
	if c.failure.Kind == Unusable {
		e.search.stop("a schedule could not be executed", c.failure)
		return
	}
	schedule, preemptions := c.schedule()
	for _, failure := range append([]*Failure{c.failure}, c.beside...) {
		if failure.Kind == StepLimit {
			e.unknown(failure, strategy)
		} else {
			e.keep(Finding{Failure: failure, Schedule: schedule, Preemptions: preemptions, Strategy: strategy.Name()}, strategy)
		}
	}
}

// unknown counts a schedule that says nothing.
func (e *explorer) unknown(failure *Failure, strategy Strategy) {
	e.stats.Unknown++
	if b, enumerated := strategy.(*bounded); enumerated {
		b.part.shown.addUnknown(e.number, failure)
		return
	}
	e.search.mu.Lock()
	defer e.search.mu.Unlock()
	e.search.drawn.addUnknown(e.number, failure)
}

// keep records a finding, and ends the search if it is the one that was searched for.
func (e *explorer) keep(f Finding, strategy Strategy) {
	s, class := e.search, f.Failure.Class()
	if b, enumerated := strategy.(*bounded); enumerated {
		if b.part.shown.add(e.number, class, f); s.wanted(class) {
			b.frontier.endIn(b.part, endedByFailure)
		}
		return
	}
	s.mu.Lock()
	s.drawn.add(e.number, class, f)
	s.mu.Unlock()
	if s.wanted(class) { // all lower numbers have been claimed already, and will be executed
		s.stop("a failure was found", nil)
	}
}

// flush tells the search what was done since the last time.
func (e *explorer) flush() {
	s := e.search
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Schedules += e.stats.Schedules
	s.stats.Confirmed += e.stats.Confirmed
	s.stats.Unknown += e.stats.Unknown
	e.stats = Statistics{}
}
