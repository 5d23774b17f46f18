package explore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

func TestAProgramIsLeftWhenTooFewOfItsSchedulesAreNew(t *testing.T) {
	t.Parallel()
	seen := func(executed, orders uint64) sched.Statistics {
		return sched.Statistics{Coverage: sched.Coverage{Executions: executed, PartialOrders: orders}}
	}
	enough := repeats(nil)
	require.False(t, enough(seen(100, 25)), "one in four")
	require.False(t, enough(seen(200, 50)))
	require.True(t, enough(seen(400, 99)), "only what is new in the last stage counts")
}

// Programs of one operation have few orders, and used to get two thousand schedules each.
func TestTheBudgetGoesToProgramsThatShowMore(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), Config{
		Subject: log.Subject, Draw: cases.Shape{Threads: 2, Operations: 1, Small: true}, Search: sched.Options{Seed: 1, Schedules: 4000, Workers: 1},
	})
	require.NoError(t, err)
	require.EqualValues(t, 4000, s.Statistics.Schedules)
	require.Greater(t, s.Programs, 10)
}
