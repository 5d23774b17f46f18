package shrink

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

var (
	pointClaim = failpoints.WaitPoint("example.com/flags", "flags/claim")
	pointLook  = failpoints.WaitPoint("example.com/flags", "flags/look")
)

// claiming are two threads that may claim both, and then wait for each other for ever. If counts is set, they count how often they have
// looked, so that nobody can say that they go round in a circle.
func claiming(counts *atomic.Bool) sched.Scenario {
	return func(x *sched.Execution) {
		flags := make([]atomic.Bool, 2)
		for me, name := range []string{"a", "b"} {
			x.Go(name, func(t *sched.T) {
				failpoints.Yield(t.Context(), pointClaim)
				flags[me].Store(true)
				for n := 0; n >= 0; {
					failpoints.Yield(t.Context(), pointLook)
					if counts.Load() {
						n++
					}
					if !flags[1-me].Load() {
						break
					}
				}
				failpoints.Yield(t.Context(), pointClaim)
				flags[me].Store(false)
			})
		}
	}
}

// A case was shrunk to one whose loop was taken for a circle once, and not again for its report.
func TestACircleCountsOnlyIfAnotherExecutionShowsItToo(t *testing.T) {
	t.Parallel()
	schedule, err := sched.ParseSchedule("a@flags/claim#1>b, b@flags/look#1>a")
	require.NoError(t, err)
	var counts atomic.Bool
	runner := sched.NewRunner(claiming(&counts), sched.Options{StepLimit: 500})
	out := runner.Replay(schedule, false)
	require.NotNil(t, out.Failure)
	require.Equal(t, sched.Livelock, out.Failure.Kind, out.Failure.Message)
	m := &minimizer{}
	require.Same(t, out.Failure, m.surely(out, runner))
	counts.Store(true)
	require.Equal(t, sched.StepLimit, m.surely(out, runner).Kind)
	out.Schedule = nil
	require.Nil(t, m.surely(out, runner), "it ends without a switch")
}
