package sched

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

func explore(t *testing.T, s Scenario, o Options) Result {
	t.Helper()
	r, err := Search(context.Background(), s, o)
	require.NoError(t, err)
	return r
}

func exhaust(t *testing.T, s Scenario, preemptions int) Result {
	t.Helper()
	return explore(t, s, Options{Strategy: "bounded", Preemptions: preemptions})
}

func TestALostUpdateNeedsOnePreemption(t *testing.T) {
	t.Parallel()
	r := exhaust(t, lostUpdate, 3)
	require.Len(t, r.Findings, 1)
	f := r.Findings[0]
	require.Equal(t, 1, f.Preemptions)
	require.Equal(t, "a@test/store#1>b", f.Schedule.String())
	require.Equal(t, "failed in main: the counter is 1", f.Failure.Error())
	require.Equal(t, []int{0}, bounds(r), "no preemption, no failure")
	out := NewRunner(lostUpdate, Options{}).Replay(f.Schedule, true)
	require.Equal(t, f.Failure.Message, out.Failure.Message)
	require.Equal(t, f.Schedule, out.Schedule)
}

func bounds(r Result) (all []int) {
	for _, e := range r.Exhausted {
		all = append(all, e.Bound)
	}
	return all
}

func TestAllSchedulesAreEnumeratedOnce(t *testing.T) {
	t.Parallel()
	// Two threads of n points each and their ends, with no wait: the interleavings of n+1 and n+1 pieces are binomials.
	for points, want := range map[int]uint64{1: 6, 2: 20, 3: 70, 4: 252} {
		s := func(x *Execution) {
			for _, name := range []string{"a", "b"} {
				x.Go(name, func(t *T) {
					for range points {
						failpoints.Yield(t.Context(), pointLoad)
					}
				})
			}
		}
		r := exhaust(t, s, 2*points+2)
		last := r.Exhausted[len(r.Exhausted)-1]
		require.True(t, last.Complete)
		require.Equal(t, want, last.Schedules, "%d points", points)
		require.Equal(t, want, r.Distinct)
	}
}

func TestALockExcludes(t *testing.T) {
	t.Parallel()
	r := exhaust(t, locked, 10)
	require.Empty(t, r.Findings)
	require.True(t, r.Exhausted[len(r.Exhausted)-1].Complete)
	require.Greater(t, r.Distinct, uint64(2))
}

func TestTheRandomWalkFindsALostUpdate(t *testing.T) {
	t.Parallel()
	r := explore(t, lostUpdate, Options{Strategy: "random", Schedules: 200, Seed: 1, Workers: 1})
	require.Len(t, r.Findings, 1)
	again := explore(t, lostUpdate, Options{Strategy: "random", Schedules: 200, Seed: 1, Workers: 1})
	require.Equal(t, r.Findings, again.Findings, "the same seed makes the same search")
}

func TestADeadlockIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		var one, two sync.Mutex
		take := func(first, second *sync.Mutex) func(t *T) {
			return func(t *T) {
				failpoints.Lock(t.Context(), pointLock, first)
				defer first.Unlock()
				failpoints.Lock(t.Context(), pointWait, second)
				defer second.Unlock()
			}
		}
		x.Go("a", take(&one, &two))
		x.Go("b", take(&two, &one))
	}
	r := exhaust(t, s, 2)
	require.Len(t, r.Findings, 1)
	require.Equal(t, Deadlock, r.Findings[0].Failure.Kind)
	require.Equal(t, "no thread can go on: a waits at test/wait; b waits at test/wait", r.Findings[0].Failure.Message)
	require.Equal(t, 1, r.Findings[0].Preemptions)
}

func TestALostWakeUpIsADeadlock(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		var mu sync.Mutex
		c := failpoints.Cond{L: &mu}
		full := false
		x.Go("waiter", func(t *T) {
			failpoints.Lock(t.Context(), pointLock, &mu)
			empty := !full
			mu.Unlock() // the fault: it decides, and then it waits
			failpoints.Lock(t.Context(), pointLock, &mu)
			if empty {
				require.NoError(t, c.Wait(t.Context(), pointWait))
			}
			mu.Unlock()
		})
		x.Go("waker", func(t *T) {
			failpoints.Lock(t.Context(), pointLock, &mu)
			full = true
			c.Signal()
			mu.Unlock()
		})
	}
	r := exhaust(t, s, 2)
	require.Len(t, r.Findings, 1)
	require.Equal(t, Deadlock, r.Findings[0].Failure.Kind)
}

func TestATaskIsAThread(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		c := &counter{}
		x.Go("parent", func(t *T) {
			done := make(chan struct{})
			failpoints.Go(t.Context(), "child", func(ctx context.Context) {
				c.increment(ctx)
				close(done)
			})
			c.increment(t.Context())
			_, _, err := failpoints.Receive(t.Context(), pointWait, done)
			require.NoError(t, err)
			if n := c.load(); n != 2 {
				t.Fatalf("the counter is %d", n)
			}
		})
	}
	r := exhaust(t, s, 2)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "parent@test/store#1>parent/child", r.Findings[0].Schedule.String())
}

func TestATaskThatDoesNotEndIsALeak(t *testing.T) {
	t.Parallel()
	leaking := func(allowed bool) Scenario {
		return func(x *Execution) {
			x.Go("parent", func(t *T) {
				failpoints.Go(t.Context(), "child", func(ctx context.Context) {
					_, _, _ = failpoints.Receive[int](ctx, pointWait, make(chan int))
				})
			})
			if allowed {
				x.TasksMayRemain()
			}
		}
	}
	r := exhaust(t, leaking(false), 1)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "leak in parent/child: a task has not ended: parent/child waits at test/wait", r.Findings[0].Failure.Error())
	require.Empty(t, exhaust(t, leaking(true), 1).Findings)
	runner := NewRunner(leaking(false), Options{})
	told := runner.Replay(Schedule{}, true) // as a report does
	require.Regexp(t, `^leak in parent/child: a task has not ended: parent/child waits at test/wait; `+
		`it was started in sched\..*TestATaskThatDoesNotEndIsALeak.* \(search_test\.go:165\), and waits in .*TestATaskThatDoesNotEndIsALeak.* \(search_test\.go:166\)$`,
		told.Failure.Error())
}

func TestAScenarioMayWaitAfterItHasNamedAThread(t *testing.T) {
	t.Parallel()
	ran := 0
	r := exhaust(t, func(x *Execution) {
		x.Go("a", func(t *T) { failpoints.Yield(t.Context(), pointLoad) })
		if err := failpoints.Sleep(x.Context(), pointWait, time.Millisecond); err != nil {
			x.Fail(err)
		}
		x.Go("b", func(*T) {})
		x.Finally(func(*T) { ran++ })
	}, 0)
	require.Empty(t, r.Findings)
	require.Positive(t, ran)
}

func TestTimeJumpsToTheNextDeadline(t *testing.T) {
	t.Parallel()
	r := exhaust(t, func(x *Execution) {
		begin := failpoints.Now(x.Context())
		x.Go("sleeper", func(t *T) {
			require.NoError(t, failpoints.Sleep(t.Context(), pointWait, time.Hour))
			require.Equal(t, begin.Add(time.Hour), failpoints.Now(t.Context()))
		})
		x.Go("late", func(t *T) {
			_, _, expired, err := failpoints.ReceiveUntil(t.Context(), pointWait, make(chan int), begin.Add(2*time.Hour))
			require.NoError(t, err)
			require.True(t, expired)
			require.Equal(t, begin.Add(2*time.Hour), failpoints.Now(t.Context()))
		})
	}, 3)
	require.Empty(t, r.Findings)
}

func TestATimerThatTicksForEverIsNoProgress(t *testing.T) {
	t.Parallel()
	r := exhaust(t, func(x *Execution) {
		stop := make(chan struct{})
		failpoints.Go(x.Context(), "ticker", func(ctx context.Context) {
			for {
				if _, _, expired, err := failpoints.ReceiveUntil(ctx, pointWait, stop, failpoints.Now(ctx).Add(time.Second)); err != nil || !expired {
					return
				}
			}
		})
		x.Go("stuck", func(t *T) { _, _, _ = failpoints.Receive[int](t.Context(), pointWait, make(chan int)) })
	}, 0)
	require.Len(t, r.Findings, 1)
	require.Equal(t, Deadlock, r.Findings[0].Failure.Kind)
}

func TestEndingsOfThreads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body func(t *T)
		want string
	}{
		"panic":  {func(*T) { panic("no") }, "panic in a: panic: no"},
		"goexit": {func(*T) { runtime.Goexit() }, "failed in a: the thread ended with runtime.Goexit and said no reason: fail through sched.T, not through another test's T"},
		"fatal":  {func(t *T) { t.Fatalf("no %d", 1) }, "failed in a: no 1"},
		"error":  {func(t *T) { t.Fail(errors.New("no")) }, "failed in a: no"},
	} {
		s := func(x *Execution) {
			x.Go("a", func(t *T) {
				failpoints.Yield(t.Context(), pointLoad)
				c.body(t)
			})
			x.Go("b", func(t *T) { failpoints.Yield(t.Context(), pointStore) })
		}
		for range 3 {
			r := explore(t, s, Options{Strategy: "random", Schedules: 20})
			require.Len(t, r.Findings, 1, name)
			require.Equal(t, c.want, r.Findings[0].Failure.Error())
		}
	}
}

func TestAPanicKeepsItsOwnStack(t *testing.T) {
	t.Parallel()
	out := NewRunner(func(x *Execution) { x.Go("a", func(*T) { panickingFunction() }) }, Options{}).Replay(nil, false)
	require.Contains(t, out.Failure.Stack, "panickingFunction")
}

func panickingFunction() { panic("no") }

func TestInvariantsAreCheckedBetweenThreads(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("an invariant looks at what threads write: not under -race")
	}
	s := func(x *Execution) {
		a, b := 0, 0
		x.Go("mover", func(t *T) {
			a++
			failpoints.Yield(t.Context(), pointLoad)
			b++
		})
		x.Invariant(func() error {
			if a != b {
				return errors.New("a and b differ")
			}
			return nil
		})
	}
	r := exhaust(t, s, 0)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "invariant in mover: a and b differ", r.Findings[0].Failure.Error())
}

func TestInvariantsAreCheckedAfterTheLastStep(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("an invariant looks at what threads write: not under -race")
	}
	s := func(x *Execution) {
		bad := false
		x.Go("a", func(t *T) {
			failpoints.Yield(t.Context(), pointLoad)
			bad = true
		})
		x.Invariant(func() error {
			if bad {
				return errors.New("bad")
			}
			return nil
		})
	}
	require.Len(t, exhaust(t, s, 1).Findings, 1)
}

func TestManyWorkersShareATreeAndDoNotHang(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		for _, name := range []string{"a", "b", "c"} {
			x.Go(name, func(t *T) {
				for range 4 {
					failpoints.Yield(t.Context(), pointLoad)
				}
			})
		}
	}
	one := explore(t, s, Options{Strategy: "bounded", Preemptions: 3, Workers: 1})
	four := explore(t, s, Options{Strategy: "bounded", Preemptions: 3, Workers: 4})
	require.Equal(t, one.Exhausted, four.Exhausted)
}

func TestAConditionVariableThatNobodySignalsIsADeadlockAndNoCrash(t *testing.T) {
	t.Parallel()
	r := exhaust(t, func(x *Execution) {
		var mu sync.Mutex
		c := failpoints.Cond{L: &mu}
		x.Go("waiter", func(t *T) {
			failpoints.Lock(t.Context(), pointLock, &mu)
			defer mu.Unlock()
			for {
				_ = c.Wait(t.Context(), pointWait)
			}
		})
	}, 0)
	require.Len(t, r.Findings, 1)
	require.Equal(t, Deadlock, r.Findings[0].Failure.Kind)
}

func TestAClientMayWaitLongerThanManyTicks(t *testing.T) {
	t.Parallel()
	r := exhaust(t, func(x *Execution) {
		stop := make(chan struct{})
		failpoints.Go(x.Context(), "ticker", func(ctx context.Context) {
			for {
				if _, _, expired, err := failpoints.ReceiveUntil(ctx, pointWait, stop, failpoints.Now(ctx).Add(10*time.Millisecond)); err != nil || !expired {
					return
				}
			}
		})
		x.Go("sleeper", func(t *T) { require.NoError(t, failpoints.Sleep(t.Context(), pointWait, time.Second)) })
		x.Finally(func(t *T) {
			for range 20 {
				require.NoError(t, failpoints.Sleep(t.Context(), pointWait, time.Millisecond))
			}
			close(stop)
		})
	}, 0)
	require.Empty(t, r.Findings, "%v", r.Findings)
}

func TestAThreadThatNamesAThreadIsToldHowToStartOne(t *testing.T) {
	t.Parallel()
	_, err := Search(context.Background(), func(x *Execution) {
		x.Go("a", func(t *T) {
			x.Go("b", func(*T) {})
			failpoints.Yield(t.Context(), pointLoad)
		})
	}, Options{Strategy: "random", Schedules: 5})
	require.ErrorContains(t, err, "a thread starts another one with failpoints.Go")
}

// A loop that waits for another thread ends on every fair schedule. Enumeration runs it first for ever, which says nothing.
func TestASpinLoopIsNoLivelockAndNoClaim(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		c := &counter{}
		x.Go("spinner", func(t *T) {
			for c.load() == 0 {
				failpoints.Yield(t.Context(), pointLoad)
			}
		})
		x.Go("setter", func(t *T) { c.store(1) })
	}
	r, err := Search(context.Background(), s, Options{Strategy: "bounded", Preemptions: 1, StepLimit: 200})
	require.ErrorIs(t, err, ErrUnjudged)
	require.Empty(t, r.Findings)
	require.Empty(t, r.Exhausted)
	require.Contains(t, r.Ended, "given up after 200 choices")
	r = explore(t, s, Options{Schedules: 300, StepLimit: 2000, Workers: 1})
	require.Empty(t, r.Findings, "%v", r.Findings)
	require.Greater(t, r.Schedules, uint64(200), "the random strategies go on")
}

// Nothing tells a loop that never ends from a long one, where no schedule ends to compare with.
func TestAProgramThatNeverEndsIsNotJudged(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		x.Go("a", func(t *T) {
			for {
				failpoints.Yield(t.Context(), pointLoad)
			}
		})
	}
	for _, strategy := range append(Strategies(), "") {
		r, err := Search(context.Background(), s, Options{Strategy: strategy, StepLimit: 100, Schedules: 20})
		require.ErrorIs(t, err, ErrNoVerdict, strategy)
		require.ErrorContains(t, err, "no end after 200 choices, the last 100 of them with turns for each thread; if that is honest work, raise Options.StepLimit, which is 100: a stands at test/load")
		require.Empty(t, r.Findings)
		require.Equal(t, r.Schedules, r.Unknown)
		f := exploring("TestX", Options{Strategy: strategy, StepLimit: 100, Schedules: 20}, s)
		require.Contains(t, strings.Join(f.errs, ""), "nothing was judged", strategy)
	}
}

// The number of distinct schedules stood still for minutes.
func TestProgressSaysWhatIsEnumerated(t *testing.T) {
	t.Parallel()
	s := newSearch(t.Context(), Scenario(lostUpdate).mechanism, Options{Strategy: "bounded"})
	ended := s.enumerating(newFrontier(1, 0), Within(0, ""))
	s.stats.Schedules = 5
	require.Regexp(t, `^5 schedules, now those without a preemption \(\d+/s\)$`, s.statistics().SoFar())
	ended()
	require.Regexp(t, `^5 schedules \(\d+/s\)$`, s.statistics().SoFar(), "schedules are drawn")
	require.Empty(t, explore(t, lostUpdate, Options{Strategy: "bounded", Preemptions: 0}).Within, "the search is over")
}

func TestABoundIsSaidInWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"without a preemption", "with at most one preemption", "with at most 2 preemptions"}, []string{Within(0, ""), Within(1, "bounded"), Within(2, "")})
	require.Equal(t, []string{"without a delay", "with at most one delay", "with at most 3 delays"}, []string{Within(0, "delay-bounded"), Within(1, "delay-bounded"), Within(3, "delay-bounded")})
}

// What is executed twice is counted once.
func TestAScheduleThatIsConfirmedIsCountedOnce(t *testing.T) {
	t.Parallel()
	executed := uint64(0)
	r := explore(t, func(x *Execution) { executed++; lostUpdate(x) }, Options{Strategy: "bounded", Preemptions: 0, RepeatEvery: 1, Workers: 1})
	require.Equal(t, r.Schedules, r.Distinct)
	require.Equal(t, r.Schedules, r.Confirmed)
	require.Equal(t, 2*r.Schedules, executed)
}
