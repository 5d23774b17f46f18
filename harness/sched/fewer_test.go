package sched

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// twice is a scenario of threads that append their names once before and once after a point. bad says which orders fail.
func twice(threads int, bad func(order string) bool) Scenario {
	return func(x *Execution) {
		var mu sync.Mutex // for the race detector; nobody stops in it
		order := ""
		for i := range threads {
			name := string(rune('a' + i))
			x.Go(name, func(t *T) {
				for _, word := range []string{name, string(rune('A' + i))} {
					failpoints.Yield(t.Context(), pointLoad)
					mu.Lock()
					order += word
					failed := bad(order)
					mu.Unlock()
					if failed {
						t.Fail(errors.New("not in this order"))
					}
				}
			})
		}
	}
}

func shrunk(t *testing.T, s Scenario, schedule string) Outcome {
	t.Helper()
	parsed, err := ParseSchedule(schedule)
	require.NoError(t, err)
	out := NewRunner(s, Options{}).Fewest(parsed, "")
	require.NotNil(t, out.Failure)
	require.NotNil(t, NewRunner(s, Options{}).Replay(out.Schedule, false).Failure)
	return out
}

// Neither preemption can be left out: then a thread would be done before the failure, which must not be. If it begins after the failure,
// nobody need leave it.
func TestAPreemptionThatOnlyPassesOverAThreadIsShrunkAway(t *testing.T) {
	t.Parallel()
	for _, threads := range []int{5, 12} {
		s := twice(threads, func(order string) bool { return len(order) == 4 && order[2:] == "ed" })
		out := shrunk(t, s, "a@test/load#2>b, b@test/load#2>e, e@test/load#2>d")
		require.Equal(t, 1, out.Preemptions, "%d threads: %v", threads, out.Schedule)
	}
	s := twice(12, func(order string) bool { return order == "ed" })
	out := shrunk(t, s, "a@test/load#1>b, b@test/load#1>e, e@test/load#2>d")
	require.Equal(t, 1, out.Preemptions, "%v", out.Schedule)
	require.Len(t, out.Schedule, 2, "%v", out.Schedule)
}

// Three philosophers hold a fork each. If the second one begins, the first one waits for its fork, and that is no preemption.
func TestAPreemptionThatAThreadThatWaitsSparesIsShrunkAway(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		var forks [3]sync.Mutex
		for i := range 9 {
			x.Go("p"+strconv.Itoa(i), func(t *T) {
				failpoints.Yield(t.Context(), pointLoad)
				if i >= 3 {
					return
				}
				for _, fork := range []*sync.Mutex{&forks[i], &forks[(i+1)%3]} {
					failpoints.Lock(t.Context(), pointLock, fork)
					defer fork.Unlock()
				}
			})
		}
	}
	schedule, err := ParseSchedule("p0@test/lock#2>p1, p1@test/lock#2>p2")
	require.NoError(t, err)
	before := NewRunner(s, Options{}).Replay(schedule, false)
	require.NotNil(t, before.Failure)
	require.Equal(t, Deadlock, before.Failure.Kind)
	require.Equal(t, 2, before.Preemptions)
	out := NewRunner(s, Options{}).Fewest(schedule, "")
	require.Equal(t, before.Failure.Class(), out.Failure.Class())
	require.Equal(t, 1, out.Preemptions, "%v", out.Schedule)
}

// The failure has another cause. It needs one preemption, at a place where the schedule has none, and two switches, so an enumeration of the
// schedules with few switches does not come so far.
func TestAnotherCauseWithFewerPreemptionsIsFoundAmongManyThreads(t *testing.T) {
	t.Parallel()
	s := twice(16, func(order string) bool {
		both := len(order) == 32 && order[:4] == "abcA"
		other := order[0] > 'j' && slices.Contains([]string{"kl", "km", "kn", "ko", "kp"}, order[max(0, len(order)-2):])
		return both || other
	})
	out := shrunk(t, s, "a@test/load#2>b, b@test/load#2>c, c@test/load#2>a")
	require.Equal(t, 1, out.Preemptions, "%v", out.Schedule)
}

func TestShrinkingSaysWhetherSchedulesWithFewerPreemptionsRemain(t *testing.T) {
	t.Parallel()
	first := func(order string) bool { return order == "ab" }
	few := shrunk(t, twice(3, first), "a@test/load#2>b")
	require.Zero(t, few.Fewer, "all were executed")
	require.Equal(t, 1, few.Preemptions)
	among12 := twice(12, first)
	many := shrunk(t, among12, "a@test/load#2>b")
	require.Equal(t, 1, many.Preemptions)
	require.Greater(t, many.Fewer, shrinkSchedules/2)
	require.Less(t, many.Fewer, shrinkSchedules)
	require.False(t, many.Early, "each switch was left out")
	require.Equal(t, many, shrunk(t, among12, "a@test/load#2>b"), "it is the same each time")

	parsed, err := ParseSchedule("a@test/load#2>b")
	require.NoError(t, err)
	out := NewRunner(among12, Options{}).shrink(parsed, "", 100, 1<<30)
	require.Positive(t, out.Fewer, "the bound ended it")
	require.LessOrEqual(t, out.Fewer, 100)
}

// An arrangement that nobody has changed repeats its execution, with ways, seeds and threads that give up their turns.
func TestAnArrangementRepeatsItsExecution(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		var mu sync.Mutex
		for i := range 6 {
			x.Go(fmt.Sprintf("t%d", i), func(t *T) {
				failpoints.Yield(t.Context(), pointLoad)
				failpoints.Lock(t.Context(), pointLock, &mu)
				failpoints.Yield(t.Context(), pointStore)
				mu.Unlock()
				failpoints.Yield(t.Context(), pointLoad)
			})
		}
	}
	r := NewRunner(s, Options{})
	for seed := range uint64(50) {
		strategy := newRandom(Parameters{Seed: seed})
		first := r.Run(strategy, false)
		a := r.w.chooser.arrangement()
		again := r.Run(newArranged(a), false)
		require.Equal(t, first, again)
		require.Equal(t, a, r.w.chooser.arrangement())
	}
}

func TestAStretchLessIsTriedAtEachPlace(t *testing.T) {
	t.Parallel()
	until := Place{Thread: "a", Point: "x", Hit: 1}
	a := arrangement{names: []string{"a", "b", "c"}, stretches: []stretch{{0, until}, {thread: 1}, {thread: 0}, {thread: 2}}}
	var orders []string
	for candidate := range a.unpreempted() {
		order := ""
		for _, s := range candidate.stretches {
			require.False(t, s.bounded())
			order += candidate.names[s.thread]
		}
		orders = append(orders, order)
	}
	require.Equal(t, []string{"abc", "bac", "bca"}, orders)
	require.True(t, a.stretches[0].bounded(), "it is a copy that was changed")
}
