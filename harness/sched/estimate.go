package sched

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// An Estimate says roughly how many schedules an enumeration of one bound has.
//
// It is Knuth's estimate of the size of a search tree (Estimating the Efficiency of Backtrack Programs, Mathematics of Computation
// 29, 1975): a descent chooses at random at each step, and one divided by the probability of its choices has the number of
// schedules as its expected value. The mean of many descents has less error.
type Estimate struct {
	// Bound is the most preemptions, or delays.
	Bound int `json:"bound"`
	// Schedules is the mean, Error its standard error. Neither exceeds the largest number that JSON can hold.
	Schedules float64 `json:"schedules"`
	Error     float64 `json:"standard_error"`
	// Descents were executed, in Spent.
	Descents int           `json:"descents"`
	Spent    time.Duration `json:"spent_ns"`
}

// Space is the estimate of an enumeration of all bounds, from 0 on.
type Space []Estimate

// Schedules returns the number for all bounds together: an enumeration executes those of a lower bound again.
func (s Space) Schedules() (n float64) {
	for _, e := range s {
		n += e.Schedules
	}
	return min(n, math.MaxFloat64)
}

// Time returns how long that many workers take, if schedules take as long as the descents did. It is at most the longest
// Duration.
func (s Space) Time(workers int) time.Duration {
	descents, spent := 0, time.Duration(0)
	for _, e := range s {
		descents += e.Descents
		spent += e.Spent
	}
	if descents == 0 {
		return 0
	}
	if long := s.Schedules() / float64(descents) * float64(spent) / float64(max(workers, 1)); long < math.MaxInt64 {
		return time.Duration(long)
	}
	return math.MaxInt64
}

// EstimateSpace estimates how many schedules an exhaustive search with these options executes. It executes that many
// descents for each bound, or fewer if the time is over; the first one only shows how long a schedule is and does not
// count. Failures are left for the search. Options.Workers does not matter: one worker descends, so the same seed gives
// the same estimate unless time ends it.
func EstimateSpace(ctx context.Context, scenario Scenario, o Options, descents int, most time.Duration) (Space, error) {
	return EstimateMechanism(ctx, scenario.mechanism, o, descents, most)
}

// EstimateMechanism is EstimateSpace in a program that has a mechanism of its own.
func EstimateMechanism(ctx context.Context, mechanism func() Mechanism, o Options, descents int, most time.Duration) (all Space, err error) {
	if o.Strategy == "" {
		o.Strategy = "bounded"
	}
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(most)
	for bound := 0; bound <= o.Preemptions && err == nil; bound++ {
		over := func() bool { return ctx.Err() != nil || time.Now().After(deadline) }
		d := newDescent(o, bound)
		outside(func() { err = d.estimate(mechanism, o, descents, over) })
		if d.counted == 0 { // there was no time even for one
			break
		}
		all = append(all, d.result())
	}
	return all, err
}

// A descent chooses at random within a bound.
type descent struct {
	bounded
	random *rand.PCG
	began  time.Time

	passed       int     // choices of the current schedule that could cost something
	longest      int     // the most of these in a schedule so far
	weight       float64 // of the current schedule: 1 divided by its probability
	schedules    int
	counted      int
	sum, squares float64
	spentTime    time.Duration
}

func newDescent(o Options, bound int) *descent {
	return &descent{
		bounded: bounded{delays: o.Strategy == "delay-bounded", bound: bound},
		random:  rand.NewPCG(o.Seed, uint64(bound)), began: time.Now(),
	}
}

// estimate executes descents.
func (d *descent) estimate(mechanism func() Mechanism, o Options, descents int, over func() bool) error {
	w := newWorker(mechanism, newPoints(), o.StepLimit)
	var failed error
	w.next = func() Strategy {
		if failed != nil || d.counted == descents || d.schedules > 0 && over() {
			return nil
		}
		d.Begin()
		return d
	}
	w.judge = func(c *Chooser, _ Strategy) {
		d.End(len(c.trace), c.failure != nil)
		if c.failure != nil && c.failure.Kind == Unusable {
			failed = c.failure
		}
	}
	stop := w.watch(o.Hang)
	go w.loop()
	<-w.done
	stop()
	if failed == nil && w.problem != "" {
		failed = &Failure{Kind: Unusable, Message: w.problem}
	}
	return failed
}

// Name implements Strategy.
func (d *descent) Name() string { return fmt.Sprintf("descent(%d)", d.bound) }

// Begin implements Strategy.
func (d *descent) Begin() bool {
	d.depth, d.spent, d.passed, d.weight = 0, 0, 0, 1
	return true
}

// End implements Strategy. The first schedule is the pilot.
func (d *descent) End(int, bool) {
	d.longest = max(d.longest, d.passed)
	d.schedules++
	if d.schedules == 1 {
		d.began = time.Now()
		return
	}
	d.counted++
	d.sum += d.weight
	d.squares += d.weight * d.weight
	d.spentTime = time.Since(d.began)
}

// Next takes a candidate that costs something with the probability that spends the bound evenly over a long schedule, as most
// schedules of a bound do. Among those that cost nothing, and among the others, each is as likely as any other.
func (d *descent) Next(c *Choice) int {
	r := branch{count: uint16(len(c.Enabled)), costly: c.Current >= 0 && !c.Boundary, timer: c.Timer}
	free, paid, costly := 0, 0, false
	for n := range r.count {
		switch cost := int(d.cost(&r, n)); {
		case cost == 0:
			free++
		case d.spent+cost <= d.bound:
			paid++
			costly = true
		default:
			costly = true
		}
	}
	if costly {
		d.passed++
	}
	pays, of := false, free
	if p := d.probability(); paid > 0 && p > 0 {
		if pays = float64(d.random.Uint64()>>11)/(1<<53) < p; pays {
			of = paid
			d.weight /= p
		} else {
			d.weight /= 1 - p
		}
	}
	d.weight *= float64(of)
	return d.take(c, &r, pays, below(d.random, of))
}

// probability returns the probability of a candidate that costs something. It goes by the longest schedule so far: with a
// shorter one, whatever comes late in a long schedule would have a probability near zero, and a weight to match.
func (d *descent) probability() float64 {
	if d.schedules == 0 {
		return 0 // the pilot
	}
	left := max(d.longest-d.passed+1, d.longest/4, 1)
	return min(float64(d.bound-d.spent)/float64(left), 0.5)
}

// take takes the n-th candidate among those that cost something, or among the others.
func (d *descent) take(c *Choice, r *branch, pays bool, n int) int {
	for candidate := range r.count {
		cost := int(d.cost(r, candidate))
		if cost > 0 != pays || d.spent+cost > d.bound {
			continue
		}
		if n == 0 {
			d.spent += cost
			return d.candidate(c, int(candidate))
		}
		n--
	}
	panic("sched: a descent has no candidate") // there is always one that costs nothing
}

func (d *descent) result() Estimate {
	n := float64(d.counted)
	mean := d.sum / n
	variance := max(d.squares/n-mean*mean, 0) / max(n-1, 1)
	finite := func(f float64) float64 {
		if math.IsNaN(f) {
			return math.MaxFloat64
		}
		return min(f, math.MaxFloat64)
	}
	return Estimate{Bound: d.bound, Schedules: finite(mean), Error: finite(math.Sqrt(variance)), Descents: d.counted, Spent: d.spentTime}
}
