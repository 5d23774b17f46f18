package sched

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

func TestUncontrolledChoicesAreAnError(t *testing.T) {
	t.Parallel()
	times := 0
	s := func(x *Execution) {
		times++
		odd := times%2 == 1
		x.Go("a", func(t *T) {
			if odd {
				failpoints.Yield(t.Context(), pointLoad)
			}
			failpoints.Yield(t.Context(), pointStore)
		})
	}
	_, err := Search(context.Background(), s, Options{Strategy: "random", Schedules: 10, Workers: 1, RepeatEvery: 1})
	require.ErrorContains(t, err, "the same choices made a different execution: at choice 2 the first execution came to a@test/load#1, the second to a@test/store#1")
}

// An enumeration repeats choices all the time, so that it sees by itself when they lead somewhere else. It would miss schedules.
func TestAnEnumerationThatStraysIsAnError(t *testing.T) {
	t.Parallel()
	for _, more := range []int{0, 1} { // in each second execution there is a thread less, or one more
		times := 0
		s := func(x *Execution) {
			times++
			x.Go("a", func(t *T) { failpoints.Yield(t.Context(), pointStore) })
			x.Go("b", func(t *T) { failpoints.Yield(t.Context(), pointStore) })
			if times%2 == more {
				x.Go("c", func(t *T) { failpoints.Yield(t.Context(), pointStore) })
			}
		}
		_, err := Search(context.Background(), s, Options{Strategy: "bounded", Preemptions: 1, Workers: 1})
		require.ErrorContains(t, err, "the same choices made a different execution: at choice")
		require.ErrorContains(t, err, "state that is left from the execution before")
	}
}

// Where something outside of the program has a say now and then, what was not disturbed is still worth a search, and no bound can be claimed.
func TestASearchMayLiveWithExecutionsThatStray(t *testing.T) {
	t.Parallel()
	scenario := func(odd int) Scenario {
		times := 0
		return func(x *Execution) {
			times++
			if times%odd == 0 {
				x.Go("c", func(t *T) { failpoints.Yield(t.Context(), pointStore) })
			}
			for _, name := range []string{"a", "b"} {
				x.Go(name, func(t *T) {
					failpoints.Yield(t.Context(), pointLoad)
					failpoints.Yield(t.Context(), pointStore)
				})
			}
		}
	}
	o := Options{Schedules: 400, Workers: 1, RepeatEvery: 4, Strays: true, Seed: 1}
	found, err := Search(t.Context(), scenario(37), o)
	require.NoError(t, err)
	require.EqualValues(t, 400, found.Schedules)
	require.Positive(t, found.Strayed)
	require.Less(t, found.Strayed, found.Confirmed)
	require.Contains(t, found.Differed, "the same choices made a different execution: at choice")
	require.Empty(t, found.Exhausted, "what an enumeration has executed before is no claim either")
	require.Empty(t, found.Findings)

	_, err = Search(t.Context(), scenario(2), o)
	require.ErrorContains(t, err, "the same choices made a different execution", "too many stray")

	o.Strategy, o.Preemptions = "bounded", 2
	found, err = Search(t.Context(), scenario(5), o)
	require.ErrorIs(t, err, ErrUnjudged, "an enumeration is nothing without its claim")
	require.Empty(t, found.Exhausted)
}

// What users get wrong: the order of a map, and the wall clock, decide which way a thread goes.
func TestMapOrderAndWallTimeAreCaught(t *testing.T) {
	t.Parallel()
	many := map[int]bool{}
	for i := range 64 {
		many[i] = true
	}
	for name, chance := range map[string]func() bool{
		"map order": func() bool {
			for i := range many {
				return i%2 == 0
			}
			return false
		},
		"wall time": func() bool { return time.Now().UnixNano()/100%2 == 0 },
	} {
		s := func(x *Execution) {
			x.Go("a", func(t *T) {
				if chance() {
					failpoints.Yield(t.Context(), pointLoad)
				}
				failpoints.Yield(t.Context(), pointStore)
			})
			x.Go("b", func(t *T) { failpoints.Yield(t.Context(), pointStore) })
		}
		_, err := Search(context.Background(), s, Options{Strategy: "random", Schedules: 2000, Workers: 1, RepeatEvery: 8})
		require.ErrorContains(t, err, "the same choices made a different execution", name)
	}
}

func TestAScheduleThatCannotBeFollowedSaysWhy(t *testing.T) {
	t.Parallel()
	r := NewRunner(lostUpdate, Options{})
	for text, want := range map[string]string{
		"a@test/store#2>b":             "the schedule's places were not reached: a@test/store#2 (a came there 1 time) [switch 1 of 1]",
		"a@test/stroe#1>b":             "the schedule's places were not reached: a@test/stroe#1 (this build has no point test/stroe) [switch 1 of 1]",
		"c@test/store#1>b":             "the schedule's places were not reached: c@test/store#1 (there is no thread c) [switch 1 of 1]",
		"a@op#3>b":                     "the schedule's places were not reached: a@op#3 (a came there 0 times) [switch 1 of 1]",
		"(a@test/load#*>b, b@op#*>a)*": "the threads did not go round in the schedule's cycle once; its next switch was b@op#*>a (b came there 0 times)",
		"a@end>b, (b@test/load#*>a)*":  "at b@test/load#* thread a cannot go on; those that can: b",
		"a@end>a":                      "at a@end thread a cannot go on; those that can: b [switch 1 of 1]",
		"start>c":                      "at start there is no thread c; those that can go on: a, b [switch 1 of 1]",
	} {
		s, err := ParseSchedule(text)
		require.NoError(t, err)
		out := r.Replay(s, false)
		require.NotNil(t, out.Failure, text)
		require.Equal(t, Unusable, out.Failure.Kind)
		require.Equal(t, want, out.Failure.Message)
	}
	require.Nil(t, r.Replay(nil, false).Failure)
}
