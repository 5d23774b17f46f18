package soak

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/stress"
	"github.com/racewindow/racewindow/storage"
)

// Explore draws programs and explores each with several strategies in turn, one program to a core. A program follows from the
// round's seed and its number in the round, and is searched by one worker: so what a program shows does not depend on the
// number of cores, only how many programs a round gets through.
type Explore struct {
	// Handovers are the variants; default those that are to hold.
	Handovers []string
	// PerProgram is how many schedules a program gets; default 2,000.
	PerProgram int
	// Programs bounds a round; default no limit.
	Programs uint64
	// Shrunk is how many findings of one class a round shrinks; default 8, so that one bug that is seen often does not hide a rare
	// one of the same class. The others are counted. Behind its time a round shrinks only what is the first of its class.
	Shrunk int
}

// Name is explore.
func (Explore) Name() string { return "explore" }

// Variants are hand-overs.
func (e Explore) Variants() []string {
	if len(e.Handovers) > 0 {
		return e.Handovers
	}
	return handovers(storage.Handover.Holds)
}

// handovers are the names of those that are so.
func handovers(so func(storage.Handover) bool) (names []string) {
	for _, h := range storage.Handovers() {
		if so(h) {
			names = append(names, h.Name())
		}
	}
	return names
}

// lanes is how many programs are explored side by side: under the race detector a report must be somebody's.
func lanes() int {
	if stress.RaceDetector {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// An exploration is one round.
type exploration struct {
	Explore
	spec  RoundSpec
	until time.Time
	ctx   context.Context
	taken atomic.Uint64 // programs

	mu     sync.Mutex
	result RoundResult
	shrunk map[string]int // by class: the findings that were shrunk, and where the first is in result.Found
	first  map[string]int
	seen   map[string]bool
	err    error
}

// Run explores until the round's time is over.
func (e Explore) Run(ctx context.Context, spec RoundSpec) (RoundResult, error) {
	if e.PerProgram == 0 {
		e.PerProgram = 2000
	}
	if e.Shrunk == 0 {
		e.Shrunk = 8
	}
	x := &exploration{
		Explore: e, spec: spec, until: time.Now().Add(spec.For), ctx: ctx, shrunk: map[string]int{}, first: map[string]int{}, seen: map[string]bool{},
		result: RoundResult{Handover: spec.Variant, Counts: Counts{}, Points: Counts{}},
	}
	if _, err := storage.HandoverByName(spec.Variant); err != nil {
		return RoundResult{}, err
	}
	var all sync.WaitGroup
	for range lanes() {
		all.Go(x.lane)
	}
	all.Wait()
	if x.err == nil && x.result.Counts[CountSchedules] == 0 {
		x.result.Inconclusive = "no schedule was executed"
	}
	for name := range x.seen {
		x.result.Behaviour = append(x.result.Behaviour, name)
	}
	return x.result, x.err
}

func (x *exploration) lane() {
	for x.ctx.Err() == nil && time.Now().Before(x.until) {
		n := x.taken.Add(1)
		if x.Programs > 0 && n > x.Programs {
			return
		}
		if err := x.program(n); err != nil {
			x.mu.Lock()
			if x.err == nil && x.ctx.Err() == nil {
				x.err = err
			}
			x.mu.Unlock()
			return
		}
	}
}

// draw makes the n-th program of a round. One in four is larger.
func draw(spec RoundSpec, n uint64) (cases.Case, *rand.Rand) {
	random := rand.New(rand.NewSource(int64(SeedOf(spec.Seed, n))))
	shape := cases.Shape{Threads: 3, Operations: 3, Small: true}
	if n%4 == 0 {
		shape.Threads, shape.Operations = 4, 5
	}
	program := cases.Draw(random, shape)
	program.Options.Handover = spec.Variant
	return program, random
}

func (x *exploration) program(n uint64) error {
	program, random := draw(x.spec, n)
	scenario, err := program.Scenario()
	if err != nil {
		return err
	}
	o := sched.Options{Seed: random.Uint64(), Schedules: x.PerProgram, Budget: max(time.Until(x.until), time.Millisecond), Workers: 1, All: true}
	r, err := sched.Search(x.ctx, scenario, o)
	x.add(r)
	for _, f := range r.Findings {
		x.found(program, f)
	}
	if err == nil || x.ctx.Err() != nil || errors.Is(err, sched.ErrNoSchedule) && time.Now().After(x.until) {
		return nil
	}
	return fmt.Errorf("%v: %w", program, err)
}

// add takes over what one program's schedules did.
func (x *exploration) add(r sched.Result) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.result.Counts.add(Counts{CountSchedules: r.Schedules, CountPrograms: 1, CountOrders: r.PartialOrders, "steps": r.Steps})
	x.result.Unnamed += r.PartialOrders
	for _, p := range r.Points {
		x.result.Points[p.Point] += p.Count
		x.seen["point "+p.Point] = true
		x.seen[x.spec.Variant+": point "+p.Point] = true
		x.seen[fmt.Sprintf("%s: at %s overtaken by 2^%d events", x.spec.Variant, p.Point, bits.Len(uint(p.Overtaken)))] = true
	}
	for _, c := range r.Crossings {
		x.seen[PairPrefix+c.Window+" > "+c.By] = true
		x.seen[x.spec.Variant+": "+c.Window+" > "+c.By] = true
	}
	x.seen[fmt.Sprintf("%s: schedules of 2^%d steps", x.spec.Variant, bits.Len(uint(r.MaxSteps)))] = true
	x.seen[fmt.Sprintf("%s: a program with 2^%d partial orders", x.spec.Variant, bits.Len64(r.PartialOrders))] = true
	if x.spec.Progress != nil {
		x.spec.Progress(x.result.Counts)
	}
}

// found shrinks a finding and reports it, unless the round has shrunk enough of its class.
func (x *exploration) found(program cases.Case, f sched.Finding) {
	class := f.Failure.Class()
	x.mu.Lock()
	enough := x.shrunk[class] >= x.Shrunk || x.shrunk[class] > 0 && time.Now().After(x.until)
	if !enough {
		x.shrunk[class]++
	} else if i, known := x.first[class]; known {
		x.result.Found[i].Count += f.Count
	}
	x.mu.Unlock()
	if enough {
		return
	}
	found := program.Clone()
	found.Switches = f.Schedule
	kept := shrunk(x.ctx, found, f)
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, known := x.first[class]; !known {
		x.first[class] = len(x.result.Found)
	}
	x.result.Found = append(x.result.Found, kept)
}

// shrunk makes a finding as small as it gets. Where that fails the finding stays as it is: it is never lost.
func shrunk(ctx context.Context, found cases.Case, f sched.Finding) Found {
	kept := Found{Class: f.Failure.Class(), Detail: f.Failure.Error(), Case: found.String(), Text: f.Failure.Stack, Count: f.Count}
	m, err := shrink.Minimize(ctx, found.General(), shrink.Limits{Budget: 10 * time.Second})
	if err != nil {
		kept.Text = fmt.Sprintf("it could not be made smaller: %v\n%s", err, kept.Text)
		return kept
	}
	kept.Case = m.Case.String()
	if r, err := report.New(m, found.General(), f.Preemptions); err == nil {
		kept.Report = r
	} else {
		kept.Text = fmt.Sprintf("it could not be reported: %v\n%s", err, kept.Text)
	}
	return kept
}

// ExploreCanaries are preparations: each hand-over that is known to be wrong must be found by exploring drawn programs.
func ExploreCanaries(limit time.Duration) (all []Preparation) {
	for _, name := range handovers(func(h storage.Handover) bool { return !h.Holds() }) {
		all = append(all, Preparation{CheckCanary, "explore/" + name, func(ctx context.Context, seed uint64) (Check, error) {
			return exploreCanary(ctx, name, seed, canaryPrograms, limit)
		}})
	}
	return all
}

// canaryPrograms is how many programs may look for a canary. Each of the known hand-overs shows it within the first hundred or so.
const canaryPrograms = 2000

// exploreCanary explores one program after the other until one shows a broken promise. limit is a last resort.
func exploreCanary(ctx context.Context, handover string, seed, programs uint64, limit time.Duration) (Check, error) {
	spec := RoundSpec{Kind: "explore", Variant: handover, Seed: seed}
	until, schedules := time.Now().Add(limit), uint64(0)
	n := uint64(1)
	for ; n <= programs && time.Now().Before(until) && ctx.Err() == nil; n++ {
		program, random := draw(spec, n)
		scenario, err := program.Scenario()
		if err != nil {
			return Check{}, err
		}
		few := 600 // what one of them needs is a rare program, and no rare schedule
		if n%4 == 0 {
			few = 2000
		}
		r, err := sched.Search(ctx, scenario, sched.Options{Seed: random.Uint64(), Schedules: few, Budget: limit, Workers: 1})
		if err != nil {
			return Check{}, fmt.Errorf("%v: %w", program, err)
		}
		schedules += r.Schedules
		if hear := hearer(ctx); hear != nil {
			hear(Counts{CountPrograms: n, CountSchedules: schedules})
		}
		for _, f := range r.Findings {
			if cases.Violation(f.Failure) != nil {
				return Check{Passed: true, Detail: fmt.Sprintf("%s in program %d, %d schedules", f.Failure.Class(), n, schedules)}, nil
			}
		}
	}
	return Check{Detail: fmt.Sprintf("nothing was found in %d programs and %d schedules%s", n-1, schedules, lastResort(n <= canaryPrograms, limit))}, ctx.Err()
}
