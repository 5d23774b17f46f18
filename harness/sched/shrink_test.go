package sched

import (
	"testing"

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
