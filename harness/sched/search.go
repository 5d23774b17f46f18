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
	// Strategy found it first, in schedule number After, from 1. Schedule may be a later and lighter one.
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
	// Distinct counts the distinct schedules among those whose hashes were kept: all, up to 4 million.
	Distinct uint64 `json:"distinct_schedules"`
	// Confirmed schedules, which are among Schedules, were executed once more and did the same (Options.RepeatEvery). Nothing else
	// counts the second execution.
	Confirmed uint64 `json:"confirmed_schedules"`
	// MaxSteps is the longest schedule.
	MaxSteps int `json:"max_steps"`
	// Strayed schedules did something else when they were executed again, or differed from others with the same beginning
	// (Options.Strays).
	Strayed uint64 `json:"strayed_schedules,omitempty"`
	// Unknown schedules did not end within the step limit, nor while the threads took turns for as many choices again:
	// nothing was judged.
	Unknown uint64 `json:"unknown_schedules,omitempty"`
	// Within says in words which schedules an enumeration executes at the moment: those with at most one preemption, say. "" if
	// schedules are drawn, and in a result.
	Within string `json:"-"`
	Coverage
}

// Rate is schedules per second.
func (s Statistics) Rate() float64 {
	if s.Duration <= 0 {
		return 0
	}
	return float64(s.Schedules) / s.Duration.Seconds()
}

// SoFar says in words how far a search is. It does not say how many schedules were distinct, because that is known late, and counted only
// up to a limit.
func (s Statistics) SoFar() string {
	within := ""
	if s.Within != "" {
		within = ", now those " + s.Within
	}
	return fmt.Sprintf("%s%s (%.0f/s)", counted(int(s.Schedules), "schedule", "schedules"), within, s.Rate())
}

// ErrNoSchedule is wrapped by the error of a search that was over before its first schedule.
var ErrNoSchedule = errors.New("no schedule was executed")

// ErrNoVerdict is wrapped by the error of a search in which no schedule came to its end.
var ErrNoVerdict = errors.New("nothing was judged")

// ErrUnjudged is wrapped by the error of an enumeration that found nothing and in which a schedule came to the step limit: it was
// not judged, so the bound says nothing.
var ErrUnjudged = errors.New("the bound could not be exhausted")

// An Exhausted bound is a claim: no schedule of the scenario with at most that many preemptions (or delays) fails.
type Exhausted struct {
	Bound     int    `json:"bound"`
	Schedules uint64 `json:"schedules"`
	MaxSteps  int    `json:"max_steps"`
	// Complete says that the bound left nothing out: there are no more schedules at all.
	Complete bool `json:"complete"`
	// Reduced says that of the schedules which differ only in the order of independent steps one was executed (Options.Reduced).
	Reduced bool `json:"reduced,omitempty"`
}

// A Result is what a search has found.
type Result struct {
	Statistics
	Findings  []Finding   `json:"findings"`
	Exhausted []Exhausted `json:"exhausted"`
	// Silent are threads that ended and reached no point in any schedule: nothing in them was interleaved.
	Silent []string `json:"silent_threads,omitempty"`
	// Ended says why it ended.
	Ended string `json:"ended"`
	// Differed says what differed in the first schedule that could not be repeated, "" if there was none.
	Differed string `json:"differed,omitempty"`
}

// ExhaustedTo says whether every schedule with at most that many preemptions (or delays) was executed and judged.
func (r Result) ExhaustedTo(bound int) bool {
	return slices.ContainsFunc(r.Exhausted, func(e Exhausted) bool { return e.Complete || e.Bound >= bound })
}

// TimeIsUp is Result.Ended of a search that ended with its time budget: how far it gets is not the same each time.
const TimeIsUp = "the budget is spent"

// search is what the workers of one Search share.
type search struct {
	mechanism func() Mechanism
	points    *Points
	options   Options
	began     time.Time
	ctx       context.Context
	deadline  time.Time

	stopped atomic.Bool
	// counted is the number of schedules of the finished parts of the search. Schedules that workers executed past the one that
	// ended a part do not count.
	counted uint64

	mu       sync.Mutex
	stats    Statistics
	distinct map[uint64]struct{}
	covered  *covered
	working  []*explorer     // the workers of this part
	late     []mark          // of schedules drawn at random, until it is certain which of them count
	passed   map[string]bool // by thread that counts and has ended: whether it has come to a point
	shown    sightings
	drawn    sightings // of random schedules, by their numbers among these
	unjudged error     // why an enumeration says nothing
	err      error
	strayed  string
	ended    string
	frontier interface{ close() } // of the enumeration that goes on
}

const maxDistinct = 4 << 20

// tellEvery is how long a worker may keep its results to itself.
const tellEvery = 200 * time.Millisecond

// Search explores the schedules of a scenario. An error means that the search itself failed: the scenario is not
// deterministic, or the options are wrong, or ctx ended before anything was tried, or a bound could not be exhausted
// (ErrUnjudged). What the search found does not depend on the number of workers, unless time ended it.
func Search(ctx context.Context, scenario Scenario, o Options) (Result, error) {
	return SearchMechanism(ctx, scenario.mechanism, o)
}

func newSearch(ctx context.Context, mechanism func() Mechanism, o Options) *search {
	s := &search{mechanism: mechanism, points: newPoints(), options: o, began: time.Now(), ctx: ctx, distinct: map[uint64]struct{}{}, covered: newCovered(), passed: map[string]bool{}, ended: TimeIsUp}
	if o.Budget > 0 {
		s.deadline = s.began.Add(o.Budget)
	}
	return s
}

// SearchMechanism is Search in a program that has a mechanism of its own. Each worker makes one.
func SearchMechanism(ctx context.Context, mechanism func() Mechanism, o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	s := newSearch(ctx, mechanism, o)
	var result Result
	switch {
	case o.exhaustive():
		result.Exhausted = s.enumerate(o.Preemptions, uint64(o.Schedules))
	case o.Strategy == "":
		result.Exhausted = s.portfolio()
	default:
		s.sample(newMixture(o), everything)
	}
	result.Findings, result.Ended = s.shown.findings(), s.ended
	s.shortenCycles(result.Findings)
	result.Statistics = s.statistics()
	result.Unknown = s.shown.unknown.total() // workers may have executed more than counts
	result.Silent = s.silent()
	if result.Differed = s.strayed; s.strayed != "" {
		result.Exhausted = nil
		if s.options.exhaustive() && s.unjudged == nil {
			s.unjudged = fmt.Errorf("%w: %s", ErrUnjudged, s.strayed)
		}
	}
	if s.err == nil {
		s.err = s.nothingJudged(result)
	}
	return result, s.err
}

// nothingJudged says why a search without an error says nothing, or does not say what it was asked; nil if it does.
func (s *search) nothingJudged(r Result) error {
	var given error
	switch {
	case r.Schedules == 0:
		return fmt.Errorf("%w: %s", ErrNoSchedule, s.ended)
	case r.Unknown == r.Schedules:
		given = fmt.Errorf("%w: %v", ErrNoVerdict, s.shown.unknown.lightest[0].Failure)
	}
	if s.unjudged == nil || !s.options.exhaustive() || len(r.Findings) > 0 {
		return given
	}
	if given == nil {
		return s.unjudged
	}
	return fmt.Errorf("%w; %w", given, s.unjudged)
}

// silent lists the threads that count, have ended and never reached a point.
func (s *search) silent() (names []string) {
	for name, passed := range s.passed {
		if !passed {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// run lets workers work until nothing is left or the search is stopped. random says whether the schedules are drawn at random.
func (s *search) run(workers int, random bool, source func(worker int) func() (Strategy, uint64)) {
	progress := s.progress()
	var all sync.WaitGroup
	s.working = nil
	for range workers {
		s.working = append(s.working, &explorer{search: s, random: random, follower: newFollower()})
	}
	for i, e := range s.working {
		e.source = source(i)
		e.w = newWorker(s.mechanism, s.points, s.options.StepLimit)
		e.w.chooser.trail = s.options.Trail
		e.w.next, e.w.judge, e.w.test = e.next, e.judge, s.options.test
		all.Add(1)
		go func() { // not all.Go: the runtime would take package sync for the user's
			defer all.Done()
			stop := e.w.watch(s.options.Hang)
			go e.w.loop()
			<-e.w.done
			stop()
			if e.w.problem != "" {
				s.reject(&Failure{Kind: Unusable, Message: e.w.problem})
			}
			e.flush()
			e.flushCoverage()
		}()
	}
	all.Wait()
	for _, e := range s.working {
		s.late = append(s.late, e.marks...)
	}
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
	stats.Duration, stats.Distinct = time.Since(s.began), min(uint64(len(s.distinct)), stats.Schedules)
	stats.Coverage = s.covered.coverage(s.points)
	return stats
}

// count adds the schedules of a finished part of the search.
func (s *search) count(schedules uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted += schedules
	s.stats.Schedules = s.counted
}

// wanted says whether a failure of a class ends the search.
func (s *search) wanted(class string) bool {
	return s.options.Class == class || s.options.Class == "" && !s.options.All
}

// stop ends the search; err may be nil.
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

// reject ends the search with an error, even if it had ended already.
func (s *search) reject(err error) {
	s.stop("a schedule could not be executed", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.ended, s.err = "a schedule could not be executed", err
	}
}
