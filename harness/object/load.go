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

// A Load runs many small programs side by side on goroutines: each on an object of its own, one after the other, in whatever order
// the Go scheduler chooses. Goroutines must be set, and Duration or Operations.
type Load struct {
	// Goroutines is how many clients there are at once.
	Goroutines int
	// The run ends after Duration, or when Operations have been executed; zero for no such limit.
	Duration   time.Duration
	Operations uint64
	// Programs is how many programs are drawn; default 200. Each is executed many times, so that its oracle is asked seldom.
	Programs int
	// Draw bounds them; default 4 clients and 3 operations each. Settle, if it is set, changes each.
	Draw   cases.Shape
	Settle func(*cases.Case)
	// Delays is how clients are held up at failpoints.
	Delays failpoints.Delays
	Seed   uint64
	// Grace is how long nothing may move in an object whose operations would return alone, until they count as hanging; default
	// a minute. It is a last resort: on a machine that stands still for so long it is wrong.
	Grace time.Duration
	// NoCanary leaves out the planted bugs.
	NoCanary bool
	// Progress, if it is set, is called after each round.
	Progress func(LoadResult)

	canaryOperations uint64 // that may look for one canary
}

// A LoadResult is what a Load came to.
type LoadResult struct {
	Seed uint64 `json:"seed"`
	// Programs were drawn, Instances are objects that one was executed on, Operations all operations of these.
	Programs   int    `json:"programs"`
	Instances  uint64 `json:"instances"`
	Operations uint64 `json:"operations"`
	// Overlapping are pairs of operations of two clients on one object that were under way at the same time.
	Overlapping uint64 `json:"overlapping_pairs"`
	// Peak is how many clients there were at once, at most.
	Peak uint64 `json:"goroutines_at_the_peak"`
	// Histories are those that differ and were judged; Unjudged those that would have taken too many orders.
	Histories int `json:"histories"`
	Unjudged  int `json:"histories_not_judged"`
	// Waiting are instances in which an operation waited, as it does alone, and was called off. Abandoned are those in which it
	// did not come back even so.
	Waiting   uint64 `json:"instances_that_waited"`
	Abandoned uint64 `json:"instances_abandoned"`
	// DataRaces are the race detector's reports.
	DataRaces int           `json:"data_races"`
	Canary    string        `json:"canary,omitempty"`
	Duration  time.Duration `json:"duration_ns"`
	Ended     string        `json:"ended"`
	Finding   *LoadFinding  `json:"-"`
}

// A LoadFinding is a program that did what it must not.
type LoadFinding struct {
	Case      cases.Case
	Violation *Violation
	// History is what happened, Stacks are those of the operations that do not come back.
	History History
	Stacks  string
}

// Reasons for which a Load has no verdict.
var (
	// ErrLoad is wrapped by what is wrong with the settings.
	ErrLoad = errors.New("a run that cannot be")
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

// checkSize refuses programs of which too little can be judged when an object was opened again.
func (c *Load) checkSize() error {
	if shape := c.Draw.WithDefaults(); shape.Threads*shape.Operations > mostJudged {
		return fmt.Errorf("%w: %d clients of %d operations: a program may have %d operations in all", ErrLoad, shape.Threads, shape.Operations, mostJudged)
	}
	return nil
}

// defaultCanaryOperations is what each canary may take, with a last resort in time.
const (
	defaultCanaryOperations = 1_000_000
	canaryLastResort        = 5 * time.Minute // a loaded machine seldom lets two clients meet in one window
	canaryGrace             = 5 * time.Second // a planted bug that makes operations hang need not be waited for as a real one
)

func (c *Load) setDefaults() {
	if c.Programs == 0 {
		c.Programs = 200
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

// Load executes programs freely. An error means that the run itself failed, or showed too little for a verdict; what was found
// stands even so.
func (o *Object) Load(ctx context.Context, c Load) (LoadResult, error) {
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
	plans, err := o.pool(c)
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

// enough says why a run that found nothing says nothing, or nil.
func (l *load) enough(ctx context.Context) error {
	switch r := &l.result; {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d operations", r.Operations)
	case l.Operations > 0 && r.Operations < l.Operations:
		return fmt.Errorf("%d of %d operations were executed: %s", r.Operations, l.Operations, r.Ended)
	case r.Overlapping == 0:
		return fmt.Errorf("%w, in %d operations: give them more time, more delays, and failpoints inside of them to be delayed at", ErrNoOverlap, r.Operations)
	case r.Histories == 0:
		return fmt.Errorf("none of %d histories was judged: each would take too many orders; make programs smaller", r.Unjudged)
	}
	return nil
}

// mostOrders bounds how many orders of one program are executed alone for one history.
const mostOrders = 20_000

// pool draws the programs.
func (o *Object) pool(c Load) (plans []*plan, err error) {
	random := rand.New(rand.NewSource(int64(c.Seed)))
	for range c.Programs {
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

// drawn draws one.
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

// loadCanaries makes sure that such a run sees the bugs that the harness plants.
func (o *Object) loadCanaries(ctx context.Context, c Load) (words string, err error) {
	found, err := o.findSight(o.methods)
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

// A load is one run. What its lanes share while they run is either not written then or unseen by the race detector, so that no
// client is ordered before another one.
type load struct {
	Load
	object *Object
	plans  []*plan
	// retired says of a plan that its operations do not come back even when they are called off.
	retired []raceoff.Number
	lanes   []*lane
	// known are the histories that are right, by their keys. It is written between two rounds.
	known map[key]struct{}

	stop, interrupted, fresh, executed, alive, peak raceoff.Number

	mu      sync.Mutex // of what ends the run
	problem error
	result  LoadResult
}

func newLoad(o *Object, c Load, plans []*plan) *load {
	l := &load{Load: c, object: o, plans: plans, retired: make([]raceoff.Number, len(plans)), known: map[key]struct{}{}}
	for i := range c.Goroutines / 2 { // a program has two clients or more, and some have ended while others have not begun
		l.lanes = append(l.lanes, newLane(l, uint64(i)))
	}
	l.result.Seed, l.result.Programs = c.Seed, len(plans)
	return l
}

// Rounds are short at first, so that what is easily found is found at once.
const (
	firstRound = 20 * time.Millisecond
	lastRound  = 2 * time.Second
	mostFresh  = 50_000 // histories that wait to be judged
)

// run executes rounds. Between two of them the machine is quiet, and what is new is judged.
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

// rounds executes rounds of lanes until the time is over, and says why it ended. After each settle says what came of it in all this
// time: why the run is over, "" if it is not, or that it has failed.
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
		case l.Duration > 0 && took >= l.Duration:
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

// over says that no new instance is to begin.
func (l *load) over() bool {
	return l.stop.Load() != 0 || l.fresh.Load() > mostFresh || l.Operations > 0 && l.executed.Load() >= l.Operations
}

// judge judges the histories that are new.
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

// stopped is why the run has failed, nil if it has not.
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
