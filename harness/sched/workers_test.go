package sched

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// Three threads increment after passes of different lengths, and one looks: rare and frequent failures, of schedules of any length.
func manyWays(x *Execution) {
	c := &counter{}
	for i, name := range []string{"a", "b", "c"} {
		x.Go(name, func(t *T) {
			for range 2 * i {
				failpoints.Yield(t.Context(), pointLoad)
			}
			c.increment(t.Context())
		})
	}
	x.Finally(func(t *T) {
		switch c.load() {
		case 1:
			t.Fatalf("two updates are lost")
		case 2:
			t.Fatalf("one update is lost")
		}
	})
}

// sameAs is what must not depend on the number of workers.
func sameAs(r Result) Result {
	return Result{Findings: r.Findings, Exhausted: r.Exhausted, Ended: r.Ended, Statistics: Statistics{
		Schedules: r.Schedules, Steps: r.Steps, Distinct: r.Distinct, MaxSteps: r.MaxSteps,
		Coverage: Coverage{Executions: r.Executions, PartialOrders: r.PartialOrders, Unseen: r.Unseen},
	}}
}

func TestASearchFindsTheSameWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	found, least, seeds := 0, 100, uint64(3)
	if raceEnabled { // of what the workers share, one seed shows a race as well as three
		least, seeds = 30, 1
	}
	for _, scenario := range []Scenario{lostUpdate, manyWays, rareOrder} {
		for _, strategy := range append([]string{""}, Strategies()...) {
			for _, o := range []Options{{}, {All: true}, {Class: "nothing"}} {
				for seed := range seeds {
					o.Strategy, o.Seed, o.Preemptions, o.Schedules, o.Workers = strategy, seed, 2, 300+100*int(seed), 1
					one := explore(t, scenario, o)
					found += len(one.Findings)
					for _, workers := range []int{2, 3, 5} {
						o.Workers = workers
						require.Equal(t, sameAs(one), sameAs(explore(t, scenario, o)), "%+v", o)
					}
				}
			}
		}
	}
	require.Greater(t, found, least)
}

// The class that ends a search may be one of several, and those before it are kept.
func TestTheFailureThatWasAskedForIsTheFirstOfItsClassWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	all := explore(t, manyWays, Options{Strategy: "random", Schedules: 500, All: true, Workers: 1})
	require.Len(t, all.Findings, 2)
	for _, f := range all.Findings {
		for _, strategy := range []string{"random", "", "bounded"} {
			o := Options{Strategy: strategy, Schedules: 500, Preemptions: 3, Class: f.Failure.Class(), Workers: 1}
			one := explore(t, manyWays, o)
			o.Workers = 4
			require.Equal(t, sameAs(one), sameAs(explore(t, manyWays, o)), "%+v", o)
			last := one.Findings[len(one.Findings)-1]
			require.Equal(t, f.Failure.Class(), last.Failure.Class())
			require.Equal(t, one.Schedules, last.After, "it ends with the schedule that shows it")
		}
	}
}

// Which schedules count does not depend on which worker is slow.
func TestASlowWorkerChangesNothing(t *testing.T) {
	t.Parallel()
	o := Options{Strategy: "bounded", Preemptions: 3, Schedules: 300, All: true, Workers: 1}
	one := explore(t, manyWays, o)
	for slow := range 3 {
		runs := make(chan int, 1)
		runs <- 0
		slowly := func(x *Execution) {
			n := <-runs
			runs <- n + 1
			if n%3 == slow {
				time.Sleep(50 * time.Microsecond)
			}
			manyWays(x)
		}
		o.Workers = 3
		require.Equal(t, sameAs(one), sameAs(explore(t, slowly, o)))
	}
}

func BenchmarkWorkers(b *testing.B) {
	scenario := yields(100)
	for _, strategy := range []string{"random", "pct", "bounded", ""} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("strategy=%s/workers=%d", strategy, workers), func(b *testing.B) {
				r, err := Search(context.Background(), scenario, Options{Strategy: strategy, Preemptions: 2, Schedules: b.N, Workers: workers, RepeatEvery: -1})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(r.Rate(), "schedules/s")
			})
		}
	}
}

// starvedWaiter keeps an enumeration from an end in many of its parts.
func starvedWaiter(x *Execution) {
	for _, name := range []string{"a", "b", "c"} {
		x.Go(name, func(t *T) {
			for range 3 {
				failpoints.Yield(t.Context(), pointLoad)
			}
		})
	}
	var done atomic.Bool
	x.Go("w", func(t *T) {
		for !done.Load() {
			failpoints.Yield(t.Context(), pointLock)
		}
	})
	x.Go("z", func(t *T) {
		failpoints.Yield(t.Context(), pointLoad)
		done.Store(true)
	})
}

// Schedules that say nothing end an enumeration at the same one, however many workers come to them.
func TestAnEnumerationEndsAtTheSameScheduleThatSaysNothingWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	for _, schedules := range []int{0, 3, 17, 200} {
		o := Options{Strategy: "bounded", Preemptions: 2, StepLimit: 60, Schedules: schedules, Workers: 1}
		one, failed := Search(t.Context(), starvedWaiter, o)
		require.Error(t, failed)
		require.LessOrEqual(t, one.Unknown, uint64(mostUnjudged))
		for _, workers := range []int{2, 3, 5, 8} {
			o.Workers = workers
			r, err := Search(t.Context(), starvedWaiter, o)
			require.EqualError(t, err, failed.Error(), "%d workers, %d schedules", workers, schedules)
			require.Equal(t, sameAs(one), sameAs(r))
			require.Equal(t, one.Unknown, r.Unknown)
		}
	}
}
