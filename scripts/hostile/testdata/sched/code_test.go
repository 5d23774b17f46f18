package code

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

var few = sched.Options{Schedules: 300, Workers: 1}

func TestSwallowed(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) {
		x.Go("worker", func(t *sched.T) { Tick(t.Context()) })
		x.Go("checker", func(t *sched.T) { Other(t.Context()); t.Fatalf("the invariant is broken") })
	})
}

func TestSwallowedAndRight(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) {
		x.TasksMayRemain()
		jobs := make(chan struct{})
		failpoints.Go(x.Context(), "worker", func(ctx context.Context) {
			for {
				func() {
					defer func() { _ = recover() }()
					Await(ctx, jobs)
				}()
			}
		})
		x.Go("client", func(t *sched.T) { Other(t.Context()) })
	})
}

func TestPlainLock(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) {
		var mu sync.Mutex
		x.Go("a", func(t *sched.T) { Locked(t.Context(), &mu) })
		x.Go("b", func(t *sched.T) { Locked(t.Context(), &mu) })
	})
}

func starved(x *sched.Execution) {
	var n atomic.Int64
	x.Go("r1", func(t *sched.T) { Receive(t.Context(), &n) })
	x.Go("r2", func(t *sched.T) { Receive(t.Context(), &n) })
	x.Go("sender", func(t *sched.T) { Send(t.Context(), &n) })
}

func TestStarved(t *testing.T)        { sched.Explore(t, few, starved) }
func TestStarvedBounded(t *testing.T) { sched.Explore(t, sched.Options{Strategy: "bounded"}, starved) }

func working(n int) sched.Scenario {
	return func(x *sched.Execution) {
		var done atomic.Bool
		x.Go("worker", func(t *sched.T) { Work(t.Context(), n, &done) })
		x.Go("spinner", func(t *sched.T) { Spin(t.Context(), &done) })
	}
}

func TestHonest(t *testing.T) {
	sched.Explore(t, sched.Options{Schedules: 20, Workers: 1}, working(25_000))
}

func TestHonestAndLonger(t *testing.T) {
	sched.Explore(t, sched.Options{Schedules: 5, Workers: 1}, working(250_000))
}

func TestLivelock(t *testing.T) {
	sched.Explore(t, sched.Options{Schedules: 200, Workers: 1, StepLimit: 500}, func(x *sched.Execution) {
		flags := &[2]atomic.Bool{}
		x.Go("a", func(t *sched.T) { Enter(t.Context(), flags, 0) })
		x.Go("b", func(t *sched.T) { Enter(t.Context(), flags, 1) })
	})
}

func TestBackoff(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) {
		done := make(chan struct{})
		failpoints.Go(x.Context(), "backoff", func(ctx context.Context) { Backoff(ctx, 1000, done) })
		x.Go("client", func(t *sched.T) { Await(t.Context(), done) })
	})
}

func TestForgottenTimer(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) {
		x.Go("client", func(t *sched.T) { failpoints.Go(t.Context(), "timer", Forget); Other(t.Context()) })
	})
}

func TestDeaf(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) {
		x.Go("a", func(t *sched.T) { Other(t.Context()) })
		x.Go("b", func(*sched.T) { Other(context.Background()) })
		x.Go("c", func(*sched.T) { Other(context.Background()) })
	})
}

func TestForeign(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) {
		ctx := x.Context()
		x.Go("a", func(*sched.T) { Other(ctx) })
	})
}

func TestSilent(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) { x.Go("a", func(*sched.T) {}) })
}

func TestInvariant(t *testing.T) {
	sched.Explore(t, few, func(x *sched.Execution) {
		x.Go("a", func(t *sched.T) { Other(t.Context()) })
		x.Invariant(func() error { return nil })
	})
}

// TestNothingExplored is a test beside those that explore.
func TestNothingExplored(t *testing.T) { t.Log("ran") }
