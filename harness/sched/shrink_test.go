package sched

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

func TestAScheduleShrinksToTheOneSwitchThatMatters(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		c := &counter{}
		for _, name := range []string{"a", "b", "c"} {
			x.Go(name, func(t *T) {
				for range 3 {
					failpoints.Yield(t.Context(), pointLoad)
				}
				c.increment(t.Context())
			})
		}
		x.Finally(func(t *T) {
			if n := c.load(); n != 3 {
				t.Fatalf("the counter is %d", n)
			}
		})
	}
	for seed := range uint64(5) {
		r := explore(t, s, Options{Strategy: "random", Schedules: 500, Seed: seed, Workers: 1})
		require.Len(t, r.Findings, 1)
		out := NewRunner(s, Options{}).Shrink(r.Findings[0].Schedule)
		require.Equal(t, 1, out.Preemptions, "%v", out.Schedule)
		require.LessOrEqual(t, len(out.Schedule), 2, "%v", out.Schedule)
		require.NotNil(t, NewRunner(s, Options{}).Replay(out.Schedule, false).Failure)
	}
	require.Nil(t, NewRunner(s, Options{}).Shrink(nil).Failure, "what does not fail is not shrunk")
}

// A lost update after many passes: a random walk has a switch at every second of them, and one matters.
func TestALongScheduleShrinksInFewExecutions(t *testing.T) {
	t.Parallel()
	for _, passes := range []int{100, 1000, 3000} {
		executed := 0
		long := func(x *Execution) {
			executed++
			c := &counter{}
			for _, name := range []string{"a", "b"} {
				x.Go(name, func(t *T) {
					for range passes {
						failpoints.Yield(t.Context(), pointWait)
					}
					c.increment(t.Context())
				})
			}
			x.Finally(func(t *T) {
				if n := c.load(); n != 2 {
					t.Fatalf("the counter is %d", n)
				}
			})
		}
		r := explore(t, long, Options{Strategy: "random", Schedules: 2000, Workers: 1, Seed: 3})
		require.Len(t, r.Findings, 1)
		f := r.Findings[0]
		require.Greater(t, len(f.Schedule), passes/2)
		executed = 0
		out := NewRunner(long, Options{}).Shrink(f.Schedule)
		require.LessOrEqual(t, len(out.Schedule), 2, "%v", out.Schedule)
		require.Equal(t, 1, out.Preemptions)
		require.False(t, out.Early)
		require.Less(t, executed, 200)
	}
}

// A schedule in which every switch matters cannot be made smaller, and trying ends.
func TestShrinkingIsBoundedAndSaysSo(t *testing.T) {
	t.Parallel()
	executed, want := 0, 100
	inTurn := func(x *Execution) {
		executed++
		var right, last atomic.Int64
		for i, name := range []string{"a", "b"} {
			x.Go(name, func(t *T) {
				for range want / 2 {
					if last.Swap(int64(i+1)) != int64(i+1) {
						right.Add(1)
					}
					failpoints.Yield(t.Context(), pointLoad)
				}
			})
		}
		x.Finally(func(t *T) {
			if right.Load() == int64(want) {
				t.Fatalf("always in turn")
			}
		})
	}
	runner := NewRunner(inTurn, Options{})
	found := runner.Run(&alternate{}, false)
	require.NotNil(t, found.Failure)
	for _, budget := range []struct{ executions, steps int }{{50, 1 << 30}, {1 << 30, 50 * found.Steps}} {
		executed = 0
		out := runner.shrink(found.Schedule, "", budget.executions, budget.steps)
		require.True(t, out.Early)
		require.NotNil(t, out.Failure)
		require.GreaterOrEqual(t, len(out.Schedule), want-1)
		require.LessOrEqual(t, executed, 51)
	}
	require.False(t, runner.Shrink(found.Schedule).Early, "what is left out singly is within the usual bound")

	runner.Until(time.Now())
	executed = 0
	out := runner.Fewest(found.Schedule, found.Failure.Class())
	require.True(t, out.Early)
	require.Equal(t, found.Failure.Class(), out.Failure.Class())
	require.Equal(t, 1, executed, "the time is over")
	runner.Until(time.Now().Add(time.Hour))
	require.False(t, runner.Shrink(found.Schedule).Early)
}

func TestAnOutcomeHasEachOfItsFailuresInFront(t *testing.T) {
	t.Parallel()
	c := &Chooser{}
	panicked, race, other := &Failure{Kind: Panicked, Site: "f"}, &Failure{Kind: DataRace, Site: "f reads, g writes"}, &Failure{Kind: DataRace, Site: "h"}
	c.Fail(panicked)
	for _, f := range []*Failure{race, other, {Kind: DataRace, Site: "h"}} {
		c.failBeside(f)
	}
	out := Outcome{Failure: c.failure, Beside: c.beside}
	require.Equal(t, []*Failure{race, other}, out.Beside, "each class once")
	require.Same(t, other, out.Of(other.Class()).Failure)
	require.Equal(t, []*Failure{race, panicked}, out.Of(other.Class()).Beside)
	require.Equal(t, out, out.Of("another"))
	require.Same(t, panicked, out.Failure, "it is a copy that was changed")
}

// The switches are where others end, so none is a preemption. One is enough.
func TestFewestComesToTheFewestSwitchesWhereLeavingOutDoesNot(t *testing.T) {
	t.Parallel()
	last := func(x *Execution) {
		var mu sync.Mutex // for the race detector; nobody stops in it
		var order []string
		for _, name := range []string{"a", "b", "c", "d"} {
			x.Go(name, func(t *T) {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, name)
				if order[0] == "d" && len(order) == 4 {
					t.Fail(errors.New("d was first"))
				}
			})
		}
	}
	schedule, err := ParseSchedule("start>b, b@end>d")
	require.NoError(t, err)
	require.Nil(t, NewRunner(last, Options{}).Fewest(schedule, "").Failure, "what does not fail is not shrunk")
	schedule, err = ParseSchedule("start>d, d@end>c, c@end>b")
	require.NoError(t, err)
	out := NewRunner(last, Options{}).Fewest(schedule, "")
	require.NotNil(t, out.Failure)
	require.Equal(t, "start>d", out.Schedule.String())
}

// Neither of the two switches can be left out, and another one alone shows the same.
func TestFewestFindsWhatNeedsAnotherSwitchThanThoseThatAreThere(t *testing.T) {
	t.Parallel()
	scenario := func(x *Execution) {
		var mu sync.Mutex // for the race detector; nobody stops in it
		var order string
		for _, name := range []string{"a", "b", "c"} {
			x.Go(name, func(*T) {
				mu.Lock()
				defer mu.Unlock()
				order += name
			})
		}
		x.Finally(func(t *T) {
			if order == "bca" || order == "cab" { // start>b, b@end>c needs two, start>c needs one
				t.Fail(errors.New("not so"))
			}
		})
	}
	schedule, err := ParseSchedule("start>b, b@end>c")
	require.NoError(t, err)
	require.Len(t, NewRunner(scenario, Options{}).Shrink(schedule).Schedule, 2)
	require.Equal(t, "start>c", NewRunner(scenario, Options{}).Fewest(schedule, "").Schedule.String())
}
