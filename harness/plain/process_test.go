package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

// A test that starts a server waits for it with a time limit. On the clock of the test the limit ends at once, because nobody else can
// go on: that is no failure of the test's.
func TestATimeLimitForAnotherProcessIsNotJudged(t *testing.T) {
	t.Parallel()
	dir := copied(t, "processes")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 20, Seed: 1}
	got := explored(t, s, dir)
	waits := got.ended["TestWaitsWithALimit"]
	require.Equal(t, drive.Unjudged, waits.Verdict, waits.Because)
	require.Contains(t, waits.Because, "the test starts another process in serve (processes_test.go:")
	require.Contains(t, waits.Because, "5s passed on the clock of the test")
	require.Contains(t, waits.Because, "neither does this failure (failed in processes_test.go:")
	require.Contains(t, waits.Because, "Wait without a limit")
	for _, test := range []string{"TestLosesAfterAProcess", "TestLosesBesideAProcess"} {
		require.Contains(t, requireFound(t, got, test).Failure.Message, "an update is lost", test)
	}
}
