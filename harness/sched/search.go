package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Finding is a failure and the schedule that shows it each time.
type Finding struct {
	Failure     *Failure `json:"failure"`
	Schedule    Schedule `json:"schedule"`
	Preemptions int      `json:"preemptions"`
	// Strategy found it first, in the schedule of that number, from 1.
	Strategy string `json:"strategy"`
	After    uint64 `json:"after_schedules"`
	// Count is how many schedules showed a failure of its class.
	Count uint64 `json:"count"`
}

// Statistics say what a search has done.
type Statistics struct {
	Schedules uint64        `json:"schedules"`
	Steps     uint64        `json:"steps"`
	Duration  time.Duration `json:"duration_ns"`
	// Distinct schedules, among those whose hashes were kept: all, up to 4 million.
	Distinct uint64 `json:"distinct_schedules"`
	// Repeated schedules were executed twice and did the same.
	Repeated uint64 `json:"repeated_schedules"`
	// MaxSteps is the longest schedule.
	MaxSteps int `json:"max_steps"`
	// Unknown schedules did not end within the step limit, nor when the threads took turns for as long again: nothing was judged.
	Unknown uint64 `json:"unknown_schedules,omitempty"`
	Coverage
}

// Rate is schedules per second.
func (s Statistics) Rate() float64 {
	if s.Duration <= 0 {
		return 0
	}
	return float64(s.Schedules) / s.Duration.Seconds()
}

// ErrNoSchedule is wrapped by the error of a search that was over before its first schedule.
var ErrNoSchedule = errors.New("no schedule was executed")

// ErrNoVerdict is wrapped by the error of a search none of whose schedules came to its end.
var ErrNoVerdict = errors.New("nothing was judged")

// An Exhausted bound is a claim: no schedule of the scenario with at most so many preemptions (or delays) fails.
type Exhausted struct {
	Bound     int    `json:"bound"`
	Schedules uint64 `json:"schedules"`
	MaxSteps  int    `json:"max_steps"`
	// Complete says that the bound left nothing out: there are no more schedules at all.
	Complete bool `json:"complete"`
}

// A Result is what a search came to.
type Result struct {
	Statistics
	Findings  []Finding   `json:"findings"`
	Exhausted []Exhausted `json:"exhausted"`
	// Silent are threads that came to their end and to no failpoint in any schedule: nothing of them was interleaved.
	Silent []string `json:"silent_threads,omitempty"`
	// Ended says why it ended.
	Ended string `json:"ended"`
}

// search is what the workers of one Search share.
type search struct {
	scenario Scenario
	options  Options
	began    time.Time
	ctx      context.Context
	deadline time.Time

	started atomic.Int64 // schedules, to keep to the limit
	stopped atomic.Bool

	mu       sync.Mutex
	stats    Statistics
	distinct map[uint64]struct{}
	covered  *covered
	findings []Finding
	passed   map[string]bool // by client that has ended: whether it has come to a failpoint
	unknown  *Failure        // of the first schedule that did not end
	err      error
	ended    string
	frontier *frontier
}

const maxDistinct = 4 << 20

// tellEvery is how long a worker may keep to itself what it has done.
const tellEvery = 200 * time.Millisecond

// Search explores the schedules of a scenario. An error means that the search itself failed: the scenario is not
// deterministic, or the options are wrong, or ctx ended before anything was tried.
func Search(ctx context.Context, scenario Scenario, o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	s := &search{scenario: scenario, options: o, began: time.Now(), ctx: ctx, distinct: map[uint64]struct{}{}, covered: newCovered(), passed: map[string]bool{}, ended: "the budget is spent"}
	if o.Budget > 0 {
		s.deadline = s.began.Add(o.Budget)
	}
	var result Result
	switch {
	case o.exhaustive():
		result.Exhausted = s.enumerate(o.Preemptions, func() bool { return false })
	case o.Strategy == "":
		result.Exhausted = s.portfolio()
	default:
		s.run(true, s.mixed)
	}
	result.Silent = s.silent()
	result.Statistics, result.Findings, result.Ended = s.statistics(), s.findings, s.ended
	if s.err == nil && result.Schedules == 0 {
		s.err = fmt.Errorf("%w: %s", ErrNoSchedule, s.ended)
	}
	if s.err == nil && result.Unknown == result.Schedules {
		s.err = fmt.Errorf("%w: %v", ErrNoVerdict, s.unknown)
	}
	return result, s.err
}

// silent lists the clients that have ended and never come to a failpoint.
func (s *search) silent() (names []string) {
	for name, passed := range s.passed {
		if !passed {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// run has the workers work until there is nothing left, or the search was stopped. random says what kind of sample the
// schedules are.
func (s *search) run(random bool, source func(worker int) func() Strategy) {
	progress := s.progress()
	var all sync.WaitGroup
	for i := range s.options.Workers {
		e := &explorer{search: s, source: source(i), random: random, follower: newFollower()}
		e.w = newWorker(s.scenario, s.options.StepLimit)
		e.w.next, e.w.judge, e.w.test = e.next, e.judge, s.options.test
		all.Go(func() {
			stop := e.w.watch(s.options.Hang)
			go e.w.loop()
			<-e.w.done
			stop()
			if problem := e.w.stray.seen(); problem != "" {
				s.reject(&Failure{Kind: Unusable, Message: problem})
			}
			e.flush()
			e.flushCoverage()
		})
	}
	all.Wait()
	progress()
}

func (s *search) progress() (stop func()) {
	if s.options.Progress == nil {
		return func() {}
	}
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				s.options.Progress(s.statistics())
			}
		}
	}()
	return func() { close(end); <-done }
}

func (s *search) statistics() Statistics {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Duration, stats.Distinct = time.Since(s.began), uint64(len(s.distinct))
	stats.Coverage = s.covered.coverage()
	return stats
}

// stop ends the search, because of an error or not.
func (s *search) stop(why string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped.Swap(true) {
		return
	}
	s.ended, s.err = why, err
	if s.frontier != nil {
		s.frontier.close()
	}
}

// reject makes an error of a search that was over.
func (s *search) reject(err error) {
	s.stop("a schedule could not be executed", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.ended, s.err = "a schedule could not be executed", err
	}
}

// An explorer is a worker of a search and what it has not told the others yet.
type explorer struct {
	search *search
	source func() Strategy
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
	if n := s.started.Add(1); s.options.Schedules > 0 && n > int64(s.options.Schedules) {
		s.stop("the number of schedules is reached", nil)
		return nil
	}
	now := time.Now() // for each schedule: one with crashes may take seconds
	switch {
	case s.ctx.Err() != nil:
		s.stop("interrupted", nil)
		return nil
	case !s.deadline.IsZero() && now.After(s.deadline):
		s.stop("the budget is spent", nil)
		return nil
	case now.Sub(e.told) > tellEvery:
		e.flush()
		e.told = now
	}
	strategy := e.source()
	if strategy == nil {
		s.started.Add(-1)
	}
	return strategy
}

func (e *explorer) judge(x *Execution, strategy Strategy) {
	if e.repeating != nil {
		e.judgeRepeated(x)
		return
	}
	strategy.End(len(x.trace), x.failure != nil)
	e.executed++
	e.stats.Schedules++
	e.stats.Steps += uint64(len(x.trace))
	e.stats.MaxSteps = max(e.stats.MaxSteps, len(x.trace))
	e.hashes = append(e.hashes, x.hash)
	e.follow(x)
	e.listen(x)
	if b, ok := strategy.(*bounded); ok && x.tookTurns() {
		b.givenUp++
		b.frontier.abandon() // the bound cannot be exhausted any more
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
	if x.failure.Kind == StepLimit {
		e.stats.Unknown++
		s.mu.Lock()
		if s.unknown == nil {
			s.unknown = x.failure
		}
		s.mu.Unlock()
		return
	}
	e.flush()
	schedule, preemptions := x.schedule()
	s.mu.Lock()
	class := x.failure.Class()
	i := slices.IndexFunc(s.findings, func(f Finding) bool { return f.Failure.Class() == class })
	if i < 0 {
		s.findings = append(s.findings, Finding{x.failure, schedule, preemptions, strategy.Name(), s.stats.Schedules, 1})
	} else if f := &s.findings[i]; true {
		f.Count++
		if preemptions < f.Preemptions || preemptions == f.Preemptions && len(schedule) < len(f.Schedule) {
			f.Failure, f.Schedule, f.Preemptions = x.failure, schedule, preemptions
		}
	}
	s.mu.Unlock()
	if s.options.Class == class || s.options.Class == "" && !s.options.All {
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
