package sched

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// enter is a lock of two flags, which is wrong: both claim, and each waits for the other for ever.
func enter(ctx context.Context, flags []atomic.Bool, me int) {
	failpoints.Yield(ctx, pointStore)
	flags[me].Store(true)
	for {
		failpoints.Yield(ctx, pointLoad)
		claimed := false
		for other := range flags {
			claimed = claimed || other != me && flags[other].Load()
		}
		if !claimed {
			break
		}
	}
	failpoints.Yield(ctx, pointStore)
	flags[me].Store(false)
}

func claiming(threads int) Scenario {
	return func(x *Execution) {
		flags := make([]atomic.Bool, threads)
		for me := range threads {
			x.Go(string(rune('a'+me)), func(t *T) { enter(t.Context(), flags, me) })
		}
	}
}

func TestThreadsThatWaitForEachOtherInALoopAreALivelockByEveryStrategy(t *testing.T) {
	t.Parallel()
	for threads := 2; threads <= 3; threads++ {
		for _, strategy := range append(Strategies(), "") {
			r := explore(t, claiming(threads), Options{Strategy: strategy, Schedules: 500, Preemptions: 2, StepLimit: schedulesOf(5000), Workers: 1})
			require.Len(t, r.Findings, 1, strategy)
			require.Equal(t, Livelock, r.Findings[0].Failure.Kind, strategy)
			require.Contains(t, r.Findings[0].Failure.Message, "the threads go round in a circle: no end after ")
			require.Contains(t, r.Findings[0].Failure.Message, " stands at test/load; ")
		}
	}
}

func TestALivelockIsReplayedByTheSwitchesThatLeadToIt(t *testing.T) {
	t.Parallel()
	s, err := ParseSchedule("a@test/store#1>b, b@test/load#1>a")
	require.NoError(t, err)
	for _, limit := range []int{0, 500} {
		out := NewRunner(claiming(2), Options{StepLimit: limit}).Replay(s, false)
		require.NotNil(t, out.Failure)
		require.Equal(t, Livelock, out.Failure.Kind, "%v", out.Failure)
		require.Equal(t, s, out.Schedule, "turns are not listed")
		require.Equal(t, out, NewRunner(claiming(2), Options{StepLimit: limit}).Replay(s, false))
	}
	r := exhaust(t, claiming(2), 2)
	require.LessOrEqual(t, len(r.Findings[0].Schedule), 2)
}

// yielding is right: thread 1 gives up its claim.
func yielding(ctx context.Context, flags []atomic.Bool, me int) {
	for {
		failpoints.Yield(ctx, pointStore)
		flags[me].Store(true)
		failpoints.Yield(ctx, pointLoad)
		if !flags[1-me].Load() {
			break
		}
		if me == 1 {
			failpoints.Yield(ctx, pointStore)
			flags[me].Store(false)
		}
	}
	failpoints.Yield(ctx, pointStore)
	flags[me].Store(false)
}

// spinning are right programs in which somebody waits in a loop.
var spinning = map[string]Scenario{
	"two receivers, one sender": func(x *Execution) {
		var n atomic.Int64
		for _, name := range []string{"r1", "r2"} {
			x.Go(name, func(t *T) {
				for n.Load() < 2 {
					failpoints.Yield(t.Context(), pointLoad)
				}
			})
		}
		x.Go("sender", func(t *T) {
			for range 2 {
				failpoints.Yield(t.Context(), pointStore)
				n.Add(1)
			}
		})
	},
	"two receivers of what is known, one sender of something else": func(x *Execution) {
		var n atomic.Int64
		for _, name := range []string{"r1", "r2"} {
			x.Go(name, func(t *T) {
				for n.Load() < 2 {
					failpoints.Yield(t.Context(), readTail)
				}
			})
		}
		x.Go("sender", func(t *T) {
			for range 2 {
				failpoints.Yield(t.Context(), writeView)
				n.Add(1)
			}
		})
	},
	"one gives way": func(x *Execution) {
		flags := make([]atomic.Bool, 2)
		for me := range 2 {
			x.Go(string(rune('a'+me)), func(t *T) { yielding(t.Context(), flags, me) })
		}
	},
	"a worker of 100 passes": working(100, false),
	"a worker of 400 passes": working(400, true),
}

// working is a thread that passes a point so many times, and one that spins until then. The count lies on the heap or in the loop.
func working(passes int, heap bool) Scenario {
	return func(x *Execution) {
		var done atomic.Bool
		var count atomic.Int64
		x.Go("worker", func(t *T) {
			if heap {
				for count.Add(1) <= int64(passes) {
					failpoints.Yield(t.Context(), pointStore)
				}
			} else {
				for range passes {
					failpoints.Yield(t.Context(), pointStore)
				}
			}
			done.Store(true)
		})
		x.Go("spinner", func(t *T) {
			for !done.Load() {
				failpoints.Yield(t.Context(), pointLoad)
			}
		})
	}
}

func TestNoStrategyCallsAProgramThatSpinsALivelock(t *testing.T) {
	t.Parallel()
	for name, s := range spinning {
		for _, strategy := range append(Strategies(), "") {
			r, err := Search(context.Background(), s, Options{Strategy: strategy, Schedules: schedulesOf(1000), Preemptions: 2, Workers: 1, StepLimit: 1000})
			require.True(t, err == nil || errors.Is(err, ErrUnjudged), "%s: %s: %v", strategy, name, err)
			require.Empty(t, r.Findings, "%s: %s", strategy, name)
			require.Zero(t, r.Unknown, "%s: %s", strategy, name)
		}
	}
}

func TestNoRandomStrategyStarvesAThreadThatOthersWaitForInALoop(t *testing.T) {
	t.Parallel()
	for name, s := range spinning {
		for _, strategy := range []string{"random", "pct", "pos", "surw"} {
			r := explore(t, s, Options{Strategy: strategy, Schedules: schedulesOf(1000), Workers: 1, StepLimit: 20_000, RepeatEvery: -1})
			require.Less(t, r.MaxSteps, 10_000, "%s: %s", strategy, name)
		}
	}
}

func TestALongHonestLoopIsUnknownAndNamesTheOption(t *testing.T) {
	t.Parallel()
	for _, heap := range []bool{false, true} {
		for _, strategy := range append(Strategies(), "") {
			o := Options{Strategy: strategy, Schedules: schedulesOf(20), Preemptions: 1, Workers: 1, StepLimit: 500}
			r, err := Search(context.Background(), working(2000, heap), o)
			require.ErrorIs(t, err, ErrNoVerdict, strategy)
			require.ErrorContains(t, err, "raise Options.StepLimit, which is 500")
			require.Empty(t, r.Findings)
			f := exploring("TestX", o, working(2000, heap))
			require.NotEmpty(t, f.errs)
			o.StepLimit = 10_000
			r, err = Search(context.Background(), working(2000, heap), o)
			require.True(t, err == nil || errors.Is(err, ErrUnjudged), "%s: %v", strategy, err)
			require.Empty(t, r.Findings)
		}
	}
}

// rarelyLong takes a long way on some schedules only.
func rarelyLong(x *Execution) {
	var first atomic.Int64
	for i, name := range []string{"a", "b"} {
		x.Go(name, func(t *T) {
			failpoints.Yield(t.Context(), pointLoad)
			if first.Add(1) == 1 && i == 1 {
				for range 3000 {
					failpoints.Yield(t.Context(), pointStore)
				}
			}
		})
	}
}

func TestALongWayThatFewSchedulesTakeIsNoLivelock(t *testing.T) {
	t.Parallel()
	r := explore(t, rarelyLong, Options{Strategy: "random", Schedules: 100, Workers: 1, StepLimit: 1000})
	require.Empty(t, r.Findings, "what its loop holds is never the same again")
	require.Positive(t, r.Unknown)
	require.Less(t, r.Unknown, r.Schedules)
	f := exploring("TestX", Options{Strategy: "random", Schedules: 100, Workers: 1, StepLimit: 1000}, rarelyLong)
	require.Empty(t, f.errs)
	require.Contains(t, f.logged[0], "did not end within 1000 choices and say nothing: raise Options.StepLimit")
}

func TestAnEnumerationDoesNotStarveWhomOthersWaitFor(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		spinning["two receivers, one sender"](x)
		x.Finally(func(t *T) { t.Fatalf("always wrong") })
	}
	for _, strategy := range []string{"bounded", "delay-bounded"} {
		r := explore(t, s, Options{Strategy: strategy, Preemptions: 2, Workers: 1, StepLimit: 500})
		require.Len(t, r.Findings, 1, strategy)
		require.Equal(t, "failed in main: always wrong", r.Findings[0].Failure.Error())
		f := exploring("TestX", Options{Strategy: strategy, Preemptions: 2, Workers: 1, StepLimit: 500}, spinning["two receivers, one sender"])
		require.Len(t, f.errs, 1)
		require.Contains(t, f.errs[0], "the bound could not be exhausted: schedules "+Within(0, strategy)+" were given up after 500 choices")
	}
}

// backsOff is a client that waits for a task that sleeps so many times.
func backsOff(sleeps int) Scenario {
	return func(x *Execution) {
		done := make(chan struct{})
		failpoints.Go(x.Context(), "backoff", func(ctx context.Context) {
			for range sleeps {
				_ = failpoints.Sleep(ctx, pointWait, time.Second)
			}
			close(done)
		})
		x.Go("client", func(t *T) { _, _, _ = failpoints.Receive(t.Context(), pointWait, done) })
	}
}

func TestATaskMaySleepManyTimesBeforeItAnswers(t *testing.T) {
	t.Parallel()
	for _, sleeps := range []int{5, 13, 14, 100, 15_000} {
		r := exhaust(t, backsOff(sleeps), 2)
		require.Empty(t, r.Findings, "%d sleeps", sleeps)
		require.NotEmpty(t, r.Exhausted, "%d sleeps", sleeps)
	}
}

func TestTimersThatTickForEverWhileAClientIsStuckAreADeadlock(t *testing.T) {
	t.Parallel()
	for _, pauses := range [][]time.Duration{{time.Second}, {10 * time.Millisecond, 7 * time.Millisecond}, {time.Second, 333 * time.Microsecond}} {
		r := exhaust(t, func(x *Execution) {
			for i, pause := range pauses {
				failpoints.Go(x.Context(), fmt.Sprint("ticker", i), func(ctx context.Context) {
					for {
						_ = failpoints.Sleep(ctx, pointWait, pause)
					}
				})
			}
			x.Go("stuck", func(t *T) { _, _, _ = failpoints.Receive[int](t.Context(), pointWait, make(chan int)) })
		}, 0)
		require.Len(t, r.Findings, 1, "%v", pauses)
		require.Equal(t, Deadlock, r.Findings[0].Failure.Kind)
		require.Contains(t, r.Findings[0].Failure.Message, "no client can go on, and timers have ticked ")
	}
}

// overlooked is a client that may wait for ever, beside one that a ticker wakes and that counts.
func overlooked(pause time.Duration) Scenario {
	return func(x *Execution) {
		var waits, stop atomic.Bool
		sent := make(chan struct{})
		x.Go("waiter", func(t *T) {
			failpoints.Yield(t.Context(), pointStore)
			waits.Store(true)
			_, _, _ = failpoints.Receive(t.Context(), pointWait, sent)
			stop.Store(true)
		})
		x.Go("sender", func(t *T) {
			failpoints.Yield(t.Context(), pointLoad)
			if waits.Load() {
				close(sent)
			}
		})
		x.Go("ticker", func(t *T) {
			for n := 0; !stop.Load(); n++ {
				_ = failpoints.Sleep(t.Context(), pointWait, pause+time.Duration(n))
			}
		})
	}
}

func TestACountDoesNotHideALivelockForLongerThanAnybodyWaits(t *testing.T) {
	t.Parallel()
	for _, strategy := range append(Strategies(), "") {
		r := explore(t, overlooked(time.Second), Options{Strategy: strategy, Schedules: 200, Preemptions: 2, StepLimit: 4000, Workers: 1})
		require.Len(t, r.Findings, 1, strategy)
		require.Equal(t, Livelock, r.Findings[0].Failure.Kind, strategy)
		require.Contains(t, r.Findings[0].Failure.Message, "waiter waits at ", strategy)
	}
	r := explore(t, overlooked(10*time.Millisecond), Options{Strategy: "random", Schedules: 60, StepLimit: 4000, Workers: 1})
	require.Empty(t, r.Findings, "a client may wait for a minute while another one counts")
	require.NotZero(t, r.Statistics.Unknown)
}

// forgotten are tasks that are still there when all threads have ended.
func forgotten(task func(ctx context.Context)) Scenario {
	return func(x *Execution) {
		x.Go("client", func(t *T) {
			failpoints.Go(t.Context(), "timer", task)
			failpoints.Yield(t.Context(), pointLoad)
		})
	}
}

func TestATimerThatWasStartedAndForgottenIsNoLeak(t *testing.T) {
	t.Parallel()
	for name, task := range map[string]func(ctx context.Context){
		"sleep": func(ctx context.Context) { _ = failpoints.Sleep(ctx, pointWait, time.Hour) },
		"two sleeps": func(ctx context.Context) {
			_ = failpoints.Sleep(ctx, pointWait, time.Hour)
			_ = failpoints.Sleep(ctx, pointWait, time.Hour)
		},
		"receive": func(ctx context.Context) {
			_, _, _, _ = failpoints.ReceiveUntil(ctx, pointWait, make(chan int), failpoints.Now(ctx).Add(time.Minute))
		},
	} {
		r := exhaust(t, forgotten(task), 2)
		require.Empty(t, r.Findings, name)
		require.NotEmpty(t, r.Exhausted, name)
	}
}

func TestATimerThatTicksForEverWhenAllIsOverIsALeak(t *testing.T) {
	t.Parallel()
	r := exhaust(t, forgotten(func(ctx context.Context) {
		for {
			_ = failpoints.Sleep(ctx, pointWait, time.Second)
		}
	}), 2)
	require.Len(t, r.Findings, 1)
	require.Equal(t, Leak, r.Findings[0].Failure.Kind)
	require.Contains(t, r.Findings[0].Failure.Message, "a task has not ended: client/timer waits at test/wait")
}

func TestATimerThatTicksWhileFinallyWaitsForEverIsADeadlock(t *testing.T) {
	t.Parallel()
	r := exhaust(t, func(x *Execution) {
		failpoints.Go(x.Context(), "ticker", func(ctx context.Context) {
			for {
				_ = failpoints.Sleep(ctx, pointWait, time.Second)
			}
		})
		x.Go("client", func(t *T) { failpoints.Yield(t.Context(), pointLoad) })
		x.Finally(func(t *T) { _, _, _ = failpoints.Receive[int](t.Context(), pointWait, make(chan int)) })
	}, 0)
	require.Len(t, r.Findings, 1)
	require.Equal(t, Deadlock, r.Findings[0].Failure.Kind)
}

func TestTheShortestPeriodIsFound(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		all := make([]uint64, source.IntN(12))
		for i := range all {
			all[i] = source.Uint64N(2)
			if p := 1 + source.IntN(4); i >= p && source.IntN(4) > 0 {
				all[i] = all[i-p]
			}
		}
		want := 1
		for repeats := func(p int) bool {
			for i := p; i < len(all); i++ {
				if all[i] != all[i-p] {
					return false
				}
			}
			return true
		}; !repeats(want); want++ {
		}
		require.Equal(t, want, period(all), "%v", all)
	}
}

func TestATickThatIsLeftOutDoesNotHideThatAllRepeatsItself(t *testing.T) {
	t.Parallel()
	var u turns
	tick := int64(5 * time.Second)
	for n := range 2000 {
		u.now = int64(n) * tick
		u.watching = true
		u.see(&Candidate{Thread: 1, Point: 7}, uint64(n))
		if n != 1100 { // in the second half
			u.see(&Candidate{Thread: 1, Point: 8}, uint64(n))
		}
	}
	require.False(t, u.circle(), "what is held differs each time")
	require.True(t, u.outlasts())

	u.clock, u.now = make([]int64, len(u.clock)), int64(longest)
	require.False(t, u.outlasts(), "somebody may wait for as long")
}

// An outsider is a mechanism in which a thread may wait for what has another clock.
type outsider struct {
	Mechanism
	waits bool
}

func (o outsider) WaitsOutside() bool { return o.waits }

func TestOnlyTheTestsOwnClockSaysThatNobodyWaitsSoLong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mechanism Mechanism
		waited    int64
	}{{outsider{waits: false}, 50}, {outsider{waits: true}, 0}, {&markers{}, 0}} {
		chooser := Chooser{mechanism: c.mechanism, turns: turns{began: 10, now: 60}}
		chooser.beginTurns()
		require.Equal(t, c.waited, chooser.turns.waited)
	}
}
