package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

// A thousand readings were nine days, and a loop with two operations was never over.
func TestTimePassesForWhoWaitsForAMomentAndForNobodyElse(t *testing.T) {
	dir := copied(t, "moments")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 20, Seed: 1}
	got := explored(t, s, dir)
	for test, want := range map[string]string{
		"TestReadsRight": drive.Sequential, "TestLoopsRight": drive.Sequential, "TestFlagRight": drive.HeldAll, "TestUntilRight": drive.HeldAll,
		"TestBenchmarksRight": drive.Sequential, "TestSleepsRight": drive.HeldAll, "TestReceivesRight": drive.HeldAll, "TestLimitRight": drive.HeldAll, "TestSleepsAndFails": drive.FoundSome,
	} {
		ended := got.ended[test]
		require.Equal(t, want, ended.Verdict, "%s: %s", test, ended.Because)
		require.Zero(t, ended.Statistics.Unknown, test)
	}
	f := requireFound(t, got, "TestSleepsAndFails")
	require.Equal(t, "timing: failed in moments_test.go:105", f.Failure.Class())
	require.Equal(t, "the sleep of 1s that main set at TestSleepsAndFails.sleep (moments_test.go:104) ends", f.Polls)
	require.Empty(t, f.Timers, "it does not fire early by choice")
	require.Contains(t, got.ended["TestManyForEver"].Because, "TestManyForEver#3 could go on; 3 more could go on")
}
