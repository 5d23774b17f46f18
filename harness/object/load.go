package object

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// A Load runs many small programs side by side on goroutines, in whatever order the Go scheduler chooses. Each runs on its own
// object, one after another. Goroutines must be set, and Duration or Operations.
type Load struct {
	// Goroutines is how many clients run at once.
	Goroutines int
	// The run ends after Duration, or after Operations have been executed; zero means no such limit.
	Duration   time.Duration
	Operations uint64
	// Programs is how many programs are drawn; default 200, or as many as a quarter of Duration allows, but at least 8: each is first
	// executed alone, twice. Each is executed many times, so its oracle is rarely asked.
	Programs int
	// Draw bounds them; default 4 clients and 3 operations each. Settle, if set, changes each program.
	Draw   cases.Shape
	Settle func(*cases.Case)
	// Delays says how clients are delayed at failpoints.
	Delays failpoints.Delays
	Seed   uint64
	// Grace is how long an object may stand still, if its operations would return alone, before they count as hanging; default
	// a minute. It is a last resort: on a machine that pauses for that long it is wrong.
	Grace time.Duration
	// NoCanary leaves out the planted bugs.
	NoCanary bool
	// Progress, if set, is called after each round.
	Progress func(LoadResult)

	canaryOperations uint64        // the most operations to look for one canary
	looksEvery       time.Duration // at goroutines in which nothing moves; 0: as package deadlock does
	drawing          time.Duration // how long programs are drawn, except the first few; 0: until all are
}

// A LoadResult is the result of a Load.
type LoadResult struct {
	Seed uint64 `json:"seed"`
	// Programs were drawn. Instances counts the objects that executed a program, Operations all operations on these.
	Programs   int    `json:"programs"`
	Instances  uint64 `json:"instances"`
	Operations uint64 `json:"operations"`
	// Overlapping counts pairs of operations of two clients on one object that were under way at the same time.
	Overlapping uint64 `json:"overlapping_pairs"`
	// Peak is the largest number of clients at once.
	Peak uint64 `json:"goroutines_at_the_peak"`
	// Histories counts the different ones that were judged; Unjudged those that would have taken too many orders.
	Histories int `json:"histories"`
	Unjudged  int `json:"histories_not_judged"`
	// Waiting counts instances in which an operation waited, as it does alone, and was cancelled. Abandoned counts those in
	// which it did not return even then.
	Waiting   uint64 `json:"instances_that_waited"`
	Abandoned uint64 `json:"instances_abandoned"`
	// DataRaces counts the race detector's reports.
	DataRaces int           `json:"data_races"`
	Canary    string        `json:"canary,omitempty"`
	Duration  time.Duration `json:"duration_ns"`
	Ended     string        `json:"ended"`
	Finding   *LoadFinding  `json:"-"`
}

// A LoadFinding is a program that did something that it must not do.
type LoadFinding struct {
	Case      cases.Case
	Violation *Violation
	// History is what happened; Stacks are the stacks of the operations that do not return.
	History History
	Stacks  string
}

// Reasons for which a Load has no verdict.
var (
	// ErrLoad is wrapped by errors about the settings.
	ErrLoad = errors.New("these settings cannot run")
	// ErrLoadCanary is returned when a planted bug was not found.
	ErrLoadCanary = errors.New("the canary was not caught")
	// ErrNoOverlap is returned when no two operations were ever under way at the same time.
	ErrNoOverlap = errors.New("no two operations ever overlapped")
)

func (c *Load) check() error {
	switch {
	case c.Goroutines < 2:
		return fmt.Errorf("%w: %d goroutines: at least 2 must meet", ErrLoad, c.Goroutines)
	case c.Duration < 0 || c.Duration == 0 && c.Operations == 0:
		return fmt.Errorf("%w: a duration of %v: give one, or a number of operations", ErrLoad, c.Duration)
	case c.Programs < 0 || c.Grace < 0:
		return fmt.Errorf("%w: %d programs, %v of grace: must not be negative", ErrLoad, c.Programs, c.Grace)
	}
	if err := sched.CheckDelays(c.Delays); err != nil {
		return fmt.Errorf("%w: %w", ErrLoad, err)
	}
	return nil
}

// checkSize refuses programs that leave too little room in a history for the probes after the object was opened again.
func (c *Load) checkSize() error {
	if shape := c.Draw.WithDefaults(); shape.Threads*shape.Operations > mostJudged {
		return fmt.Errorf("%w: %d clients of %d operations: a program may have %d operations in all", ErrLoad, shape.Threads, shape.Operations, mostJudged)
	}
	return nil
}

// Bounds of one canary: a number of operations, and a time as the last resort.
const (
	defaultCanaryOperations = 1_000_000
	canaryLastResort        = 5 * time.Minute // on a loaded machine two clients rarely meet in one window
	canaryGrace             = 5 * time.Second // a planted bug that makes operations hang need not be given as long as a real one
)

func (c *Load) setDefaults() {
	if c.Programs == 0 {
		c.Programs = 200
		c.drawing = max(time.Second, c.Duration/4)
	}
	if c.Draw.Threads == 0 {
		c.Draw = cases.Shape{Threads: 4, Operations: 3, Small: true}
	}
	if c.Grace == 0 {
		c.Grace = time.Minute
	}
	if c.canaryOperations == 0 {
		c.canaryOperations = defaultCanaryOperations
	}
}

// Load executes programs freely. An error means that the run itself failed, or showed too little for a verdict; a finding
// stands in either case.
func (o *Object) Load(ctx context.Context, c Load) (r LoadResult, err error) {
	unmarked(ctx, func(ctx context.Context) { r, err = o.loaded(ctx, c) })
	return r, err
}

func (o *Object) loaded(ctx context.Context, c Load) (LoadResult, error) {
	if err := c.check(); err != nil {
		return LoadResult{}, err
	}
	c.setDefaults()
	races, canary := raceoff.Races(), ""
	if !c.NoCanary {
		words, err := o.loadCanaries(ctx, c)
		if err != nil {
			return LoadResult{Seed: c.Seed, DataRaces: raceoff.Races() - races}, err
		}
		canary = words
	}
	plans, err := o.pool(ctx, c)
	if err != nil {
		return LoadResult{Seed: c.Seed}, err
	}
	l := newLoad(o, c, plans)
	err = l.run(ctx)
	l.result.Canary, l.result.DataRaces = canary, raceoff.Races()-races
	if err == nil && l.result.Finding == nil && l.result.DataRaces == 0 {
		err = l.enough(ctx)
	}
	return l.result, err
}

// enough returns an error if a run without a finding has shown too little, and nil otherwise.
func (l *load) enough(ctx context.Context) error {
	switch r := &l.result; {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d operations", r.Operations)
	case l.Operations > 0 && r.Operations < l.Operations:
		return fmt.Errorf("%d of %d operations were executed: %s", r.Operations, l.Operations, r.Ended)
	case r.Overlapping == 0:
		return fmt.Errorf("%w, in %d operations: give them more time, more delays, and failpoints inside operations at which to delay", ErrNoOverlap, r.Operations)
	case r.Histories == 0:
		return fmt.Errorf("none of %d histories was judged: each would take too many orders; make programs smaller", r.Unjudged)
	}
	return nil
}

// mostOrders bounds the orders of one program that are executed alone to judge one history.
const mostOrders = 20_000

// leastPrograms are drawn even if that takes longer than it should.
const leastPrograms = 8

// pool draws the programs.
func (o *Object) pool(ctx context.Context, c Load) (plans []*plan, err error) {
	random, began := rand.New(rand.NewSource(int64(c.Seed))), time.Now()
	for len(plans) < c.Programs && (c.drawing == 0 || len(plans) < leastPrograms || time.Since(began) < c.drawing) {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("interrupted after %d programs were drawn, and before any was executed by several clients: %w", len(plans), ctx.Err())
		}
		p, err := o.drawn(random, c)
		if err == nil {
			err = p.alone.checkRepeatable()
		}
		if err != nil {
			return nil, err
		}
		p.number, p.judge.Limit = len(plans), mostOrders
		plans = append(plans, p)
	}
	return plans, nil
}

// drawn draws one program.
func (o *Object) drawn(random *rand.Rand, c Load) (*plan, error) {
	program, err := o.Draw(random, c.Draw)
	if err != nil {
		return nil, err
	}
	if c.Settle != nil {
		c.Settle(&program)
	}
	return o.plan(program)
}

// loadCanaries makes sure that a run with these settings detects the bugs that the harness plants.
func (o *Object) loadCanaries(ctx context.Context, c Load) (words string, err error) {
	found, err := o.findSight(o.methods, true)
	if err != nil {
		return "", fmt.Errorf("canary: %w", err)
	}
	for kind := range numberOfKind {
		p, err := o.planted(found, kind, len(found.before)+2)
		if err != nil {
			return "", fmt.Errorf("canary: %w", err)
		}
		one := c
		one.Duration, one.Operations, one.Progress, one.Grace = canaryLastResort, c.canaryOperations, nil, min(c.Grace, canaryGrace)
		l := newLoad(o, one, []*plan{p})
		err = l.run(ctx)
		switch r := l.result; {
		case err != nil:
			return "", fmt.Errorf("canary: %w", err)
		case ctx.Err() != nil:
			return "", fmt.Errorf("interrupted before the canary was caught: %w", ctx.Err())
		case r.Finding == nil:
			return "", fmt.Errorf("%w (%s): %d operations of '%v' under the same settings showed nothing, so a run that finds nothing would mean nothing; give it more delays or goroutines",
				ErrLoadCanary, defectWords[kind], r.Operations, p.c)
		default:
			words += fmt.Sprintf("%s was caught within %d operations; ", defectWords[kind], r.Operations)
		}
	}
	return words[:len(words)-2], nil
}

// A load is one run. What its lanes share while they run is either not written then, or hidden from the race detector. So it
// orders no two clients.
type load struct {
	Load
	object *Object
	plans  []*plan
	// from and to bound the programs of the round: all, or some of them.
	from, to int
	// retired says of a plan that its operations do not return even when they are cancelled.
	retired []raceoff.Number
	lanes   []*lane
	// known are the keys of the histories that are right. It is written between two rounds only.
	known map[key]struct{}

	stop, interrupted, fresh, executed, alive, peak raceoff.Number

	hangs   *hangWatch
	mu      sync.Mutex // guards what ends the run
	problem error
	hung    bool // the finding is an object that never goes on
	result  LoadResult
}

func newLoad(o *Object, c Load, plans []*plan) *load {
	l := &load{Load: c, object: o, plans: plans, to: len(plans), retired: make([]raceoff.Number, len(plans)), known: map[key]struct{}{}, hangs: newHangWatch(c.looksEvery)}
	for i := range c.Goroutines / 2 { // a program has at least two clients, and some have ended before others begin
		l.lanes = append(l.lanes, newLane(l, uint64(i)))
	}
	l.result.Seed, l.result.Programs = c.Seed, len(plans)
	return l
}

// Rounds are short at first, so that a bug that is easily found is found soon.
const (
	firstRound = 20 * time.Millisecond
	lastRound  = 2 * time.Second
	mostFresh  = 50_000 // histories that wait to be judged
)

// run executes rounds. Between two rounds the machine is quiet, and new histories are judged.
func (l *load) run(ctx context.Context) (err error) {
	r := &l.result
	r.Ended, err = l.rounds(ctx, len(l.lanes), func(i int) { l.lanes[i].run() }, func(took time.Duration) (string, error) {
		l.judge(ctx)
		r.Operations, r.Peak, r.Duration = l.executed.Load(), l.peak.Load(), took
		if l.Progress != nil {
			l.Progress(*r)
		}
		switch {
		case l.problem == nil && r.Finding != nil:
			return violationFound, nil
		case l.Operations > 0 && r.Operations >= l.Operations:
			return "the number of operations is reached", l.problem
		}
		return "", l.problem
	})
	return err
}

const violationFound = "a violation was found"

// rounds executes rounds of lanes until the time is over, and says why the run ended. After each round it calls settle with
// the time since the start. settle says why the run is over, or "" to go on, or that the run has failed.
func (l *load) rounds(ctx context.Context, lanes int, run func(lane int), settle func(took time.Duration) (over string, err error)) (ended string, err error) {
	began := time.Now()
	for round := firstRound; ; round = min(2*round, lastRound) {
		left := l.Duration - time.Since(began)
		if l.Duration == 0 {
			left = round
		}
		l.round(ctx, min(round, left), lanes, run)
		took := time.Since(began)
		over, err := settle(took)
		switch {
		case err != nil:
			return "", err
		case over == violationFound:
			return over, nil
		case ctx.Err() != nil:
			return "interrupted", nil
		case over != "":
			return over, nil
		case l.Duration > 0 && time.Since(began) >= l.Duration: // to judge the round has taken time, too
			return "the time is over", nil
		}
	}
}

// round runs lanes side by side for a while.
func (l *load) round(ctx context.Context, length time.Duration, lanes int, run func(lane int)) {
	l.stop.Store(0)
	l.fresh.Store(0)
	timer := time.AfterFunc(length, func() { l.stop.Store(1) })
	defer timer.Stop()
	defer context.AfterFunc(ctx, func() {
		l.interrupted.Store(1)
		l.stop.Store(1)
	})()
	var group sync.WaitGroup
	for i := range lanes {
		group.Go(func() { run(i) })
	}
	group.Wait()
}

// over says that no new instance may begin.
func (l *load) over() bool {
	return l.stop.Load() != 0 || l.fresh.Load() > mostFresh || l.Operations > 0 && l.executed.Load() >= l.Operations
}

// judge judges the new histories.
func (l *load) judge(ctx context.Context) {
	for _, n := range l.lanes {
		l.result.Instances += n.instances
		l.result.Overlapping += n.overlapping
		l.result.Waiting += n.waiting
		l.result.Abandoned += n.abandoned
		n.counts = counts{}
		for k, seen := range n.seen {
			if _, known := l.known[k]; !known && ctx.Err() == nil && l.problem == nil && l.result.Finding == nil {
				l.known[k] = struct{}{}
				l.judgeOne(seen)
			}
		}
		clear(n.seen)
	}
}

func (l *load) judgeOne(seen *run) {
	err := seen.judged()
	var v *Violation
	var unknown unknownError
	switch {
	case err == nil:
		l.result.Histories++
	case errors.As(err, &v):
		l.found(seen, v, "")
	case errors.As(err, &unknown):
		l.result.Unjudged++
	default:
		l.fail(err)
	}
}

// found and fail end the run.
func (l *load) found(r *run, v *Violation, stacks string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, e := range r.history {
		if i < len(r.stacks) && r.stacks[i] != "" && strings.Contains(v.detail, e.Result) {
			v = &Violation{promise: noPanic, detail: v.detail, stack: r.stacks[i]}
			break
		}
	}
	if l.result.Finding == nil {
		l.result.Finding = &LoadFinding{Case: r.plan.c, Violation: v, History: r.events(), Stacks: stacks}
	}
	l.stop.Store(1)
}

// settled says that the run has ended with a finding, or has failed.
func (l *load) settled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.problem != nil || l.hung || l.result.Finding != nil
}

// stopped says why the run has failed; nil if it has not.
func (l *load) stopped() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.problem
}

func (l *load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.problem == nil {
		l.problem = err
	}
	l.stop.Store(1)
}
