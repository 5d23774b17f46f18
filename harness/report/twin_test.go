package report

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

// onlyBetween holds if b reads between the two points of a, and at no other time.
func onlyBetween(x *sched.Execution) {
	stage := 0
	x.Go("a", func(t *sched.T) {
		stage = 1
		failpoints.Yield(t.Context(), pointStore)
		stage = 2
		failpoints.Yield(t.Context(), pointLoad)
		stage = 3
	})
	x.Go("b", func(t *sched.T) {
		if stage != 2 {
			t.Fail(errors.New("not now"))
		}
	})
}

func TestWherePassesOnlyAMovedPreemptionThatIsTheTwin(t *testing.T) {
	if raceEnabled {
		t.Skip("the scenario is a data race")
	}
	r := ofSchedule(onlyBetween, "a@transfer/from#1>b", "")(t)
	require.NotNil(t, r.Passing)
	require.Equal(t, "with the preemption at a@transfer/to#1 instead of a@transfer/from#1", r.Passing.Change)
	require.Equal(t, "passes", r.Passing.Outcome)
	require.Equal(t, 2, r.Passing.Differs, "after the first point one goes on and the other fails")
}

func TestWhereNothingPassesThereIsNoTwin(t *testing.T) {
	r := ofSchedule(func(x *sched.Execution) {
		x.Go("a", func(t *sched.T) { t.Fail(errors.New("never")) })
	}, "", "")(t)
	require.Nil(t, r.Passing)
	require.Contains(t, string(render(t, "text", r)), "it fails without any switch")
}
