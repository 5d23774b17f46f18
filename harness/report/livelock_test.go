package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

// A livelock whose loop allocates was reported as an execution that had come to the step limit.
func TestALivelockIsReportedAsOneWhereItOnlyComesToTheStepLimit(t *testing.T) {
	t.Parallel()
	livelock, limit := &sched.Failure{Kind: sched.Livelock, Message: "round and round"}, &sched.Failure{Kind: sched.StepLimit}
	failed, race := &sched.Failure{Kind: sched.Failed}, &sched.Failure{Kind: sched.DataRace}
	for _, c := range []struct{ shown, known, want *sched.Failure }{
		{limit, livelock, livelock},
		{limit, nil, limit},
		{limit, failed, limit},
		{nil, livelock, nil},
		{failed, livelock, failed},
		{nil, race, race},
	} {
		require.Same(t, c.want, asFound(c.shown, c.known), "%v, found as %v", c.shown, c.known)
	}
	counting := func(x *sched.Execution) {
		x.Go("a", func(t *sched.T) {
			for n := 0; n >= 0; n++ {
				failpoints.Yield(t.Context(), pointLoad)
			}
		})
	}
	r, _, err := execute(counting, nil, "", livelock)
	require.NoError(t, err)
	require.Equal(t, "livelock", r.Class)
	require.Contains(t, r.Detail, "round and round")
	require.Equal(t, []int{5, 0}, []int{r.Replays, r.Replayed}, "it is not known for one")
}
