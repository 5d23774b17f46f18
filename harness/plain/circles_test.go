package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// A loop that counts comes to the same places again and again, and is no livelock: what its function holds differs. Loops that allocate or
// read the clock hold other addresses and times in each pass, and may be one.
func TestALoopThatCountsIsNoLivelock(t *testing.T) {
	t.Parallel()
	dir := copied(t, "circles")
	explore := func(run, apart string, schedules int) told {
		s := session(t, dir)
		s.Run = run
		s.Order = drive.Order{Mode: drive.Explore, Schedules: schedules, Seed: 1, StepLimit: 2_000, Apart: apart}
		return explored(t, s, dir)
	}
	requireCounts := func(got told, test string) {
		require.Empty(t, got.findings[test], test)
		require.Equal(t, drive.HeldAll, got.ended[test].Verdict, "%s: %s", test, got.ended[test].Because)
		require.Positive(t, got.ended[test].Statistics.Unknown, "%s: some schedules are long", test)
	}
	got := explore("", "", 30)
	requireCounts(got, "TestCounts")
	requireCounts(got, "TestCountsInHalfAWord")
	for _, test := range []string{"TestAwaits", "TestAwaitsAndAllocates", "TestAwaitsAndReadsTheClock"} {
		require.Equal(t, sched.Livelock, requireFound(t, got, test).Failure.Kind, test)
	}
	requireCounts(explore(Exactly("TestCounts"), drive.ApartFirst, 6), "TestCounts")
}

// The mark was lost when an execution without an end turned out to be a livelock.
func TestALivelockThatNeedsAnEarlyTimerIsAMatterOfTiming(t *testing.T) {
	t.Parallel()
	dir := copied(t, "circles")
	s := session(t, dir)
	s.Run = "TestAwaitsWhoGaveUp"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1, StepLimit: 2_000}
	f := requireFound(t, explored(t, s, dir), s.Run)
	require.Equal(t, sched.Livelock, f.Failure.Kind)
	require.True(t, f.Failure.Timing)
	require.Len(t, f.Timers, 1, "it fires many times, and is named once")
}
