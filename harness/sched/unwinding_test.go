package sched

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// Workers that survive the panics of their jobs recover from the scheduler's unwinding too.

// surviving calls do again and again and recovers from what it throws, until do says that it is enough.
func surviving(do func() (enough bool)) {
	for enough := false; !enough; {
		func() {
			defer func() { _ = recover() }()
			enough = do()
		}()
	}
}

// brokenBeside fails beside a worker that has begun.
func brokenBeside(worker func(t *T)) Scenario {
	return func(x *Execution) {
		begun := make(chan struct{})
		x.Go("worker", func(t *T) {
			close(begun)
			worker(t)
		})
		x.Go("checker", func(t *T) {
			_, _, _ = failpoints.Receive(t.Context(), pointWait, begun)
			failpoints.Yield(t.Context(), pointStore)
			t.Fatalf("the invariant is broken")
		})
	}
}

func TestAFailureIsReportedThoughAnotherThreadRecoversFromEveryPanic(t *testing.T) {
	t.Parallel()
	for name, worker := range map[string]func(t *T){
		"marker": func(t *T) {
			surviving(func() bool { failpoints.Yield(t.Context(), pointLoad); return false })
		},
		"lock": func(t *T) {
			var mu sync.Mutex
			surviving(func() bool {
				failpoints.Lock(t.Context(), pointLock, &mu)
				mu.Unlock()
				return false
			})
		},
		"receive": func(t *T) {
			surviving(func() bool {
				_, _, _ = failpoints.Receive(t.Context(), pointWait, make(chan int))
				return false
			})
		},
		"panic of its own while it ends": func(t *T) {
			surviving(func() bool {
				defer func() {
					failpoints.Yield(t.Context(), pointLoad)
					panic("of a defer")
				}()
				failpoints.Yield(t.Context(), pointLoad)
				return false
			})
		},
		"loop in a defer": func(t *T) {
			defer surviving(func() bool { failpoints.Yield(t.Context(), pointLoad); return false })
			failpoints.Yield(t.Context(), pointLoad)
		},
	} {
		s := brokenBeside(worker)
		r := explore(t, s, Options{Strategy: "random", Schedules: 50, Workers: 1, StepLimit: 500})
		require.Len(t, r.Findings, 1, name)
		f := r.Findings[0]
		require.Equal(t, "failed in checker: the invariant is broken", f.Failure.Error(), name)
		require.Contains(t, f.Failure.Note, "thread worker recovered from the panic with which the scheduler ended it", name)
		again := NewRunner(s, Options{}).Replay(f.Schedule, false)
		require.Equal(t, f.Failure, again.Failure, name)
		require.Contains(t, failed{failure: again.Failure}.report("replayed"), "\nnote: thread worker recovered", name)
	}
}

func TestAThreadThatRecoversAFewTimesEndsByItself(t *testing.T) {
	t.Parallel()
	left := 0
	r := explore(t, brokenBeside(func(t *T) {
		tries := 0
		defer func() { left++ }()
		surviving(func() bool {
			tries++
			failpoints.Yield(t.Context(), pointLoad)
			return tries == 3
		})
	}), Options{Strategy: "random", Schedules: 50, Workers: 1})
	require.Len(t, r.Findings, 1)
	require.EqualValues(t, r.Schedules, left, "its defers run")
}

func TestABackgroundTaskThatRecoversFromEveryPanicIsNoFault(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		x.TasksMayRemain()
		jobs := make(chan func(), 4)
		failpoints.Go(x.Context(), "worker", func(ctx context.Context) {
			surviving(func() bool {
				job, open, _ := failpoints.Receive(ctx, pointWait, jobs)
				if open {
					job()
				}
				return false
			})
		})
		x.Go("client", func(t *T) {
			failpoints.Yield(t.Context(), pointLoad)
			jobs <- func() {}
		})
	}
	for _, strategy := range append(Strategies(), "") {
		r := explore(t, s, Options{Strategy: strategy, Schedules: schedulesOf(500), Preemptions: 2})
		require.Empty(t, r.Findings, strategy)
		require.Positive(t, r.Schedules)
	}
}

func TestADeferOfAThreadThatIsUnwoundMayPassPoints(t *testing.T) {
	t.Parallel()
	passed := 0
	r := explore(t, brokenBeside(func(t *T) {
		defer func() {
			for range 100 {
				failpoints.Yield(t.Context(), pointLoad)
				passed++
			}
		}()
		failpoints.Yield(t.Context(), pointLoad)
		_, _, _ = failpoints.Receive(t.Context(), pointWait, make(chan int))
	}), Options{Strategy: "random", Schedules: 1, Workers: 1})
	require.Len(t, r.Findings, 1)
	require.Empty(t, r.Findings[0].Failure.Note, "it recovered from nothing")
	require.Equal(t, 100, passed, "a deferred function runs to its end")
}
