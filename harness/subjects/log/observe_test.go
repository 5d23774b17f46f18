package log

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
)

// A report reads the engine's state at each step. The reads of the disk that this needs must not count for faults.
func TestLookingAtAnExecutionDoesNotChangeIt(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a build with -race does not look")
	}
	t.Parallel()
	came := uint64(0)
	for _, fault := range []string{
		"disk size * #1 = EIO", "disk size * #2 = EIO", "disk size *.seg #3+ = EIO", "disk read * #1 = EIO", "disk read * #4 = EIO", "disk any * #9 = EIO",
		"disk any * #20+ = EIO", "disk sync * #2 = EIO", "disk write * #1 = ENOSPC", "disk read * #2 = FLIP/?", "disk size * = DELAY/1ms", "disk any * #30 = DELAY/1s",
	} {
		for _, program := range []string{"w0: append 1, flush, reopen, append 1, flush; r0: read - end", "w0: append 2, flush, append 1, reopen, read - end"} {
			c := parse(t, "v1 scenario=log handover=snapshot; "+program+"; ! "+fault)
			run := func(events bool) (sched.Outcome, *Crashes) {
				s, crashes, err := c.Crashing()
				require.NoError(t, err)
				return sched.NewRunner(s, sched.Options{}).Replay(nil, events), crashes
			}
			plain, plainCame := run(false)
			seen, seenCame := run(true)
			require.Equal(t, plain.Steps, seen.Steps, "%v", c)
			require.Equal(t, plainCame.Came(c.General()), seenCame.Came(c.General()), "%v", c)
			require.Equal(t, plain.Failure == nil, seen.Failure == nil, "%v: %v %v", c, plain.Failure, seen.Failure)
			came += plainCame.Faults.Load()
		}
	}
	require.Greater(t, came, uint64(10))
}
