package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// Goroutines that a test has not waited for went on after its end in one order only. So what needs a switch there was never found, and a
// claim said that nothing was left out.
func TestWhatGoesWrongAfterTheTestsEndIsFound(t *testing.T) {
	dir := copied(t, "afterwards")
	s := session(t, dir)
	for _, apart := range []string{drive.ApartNone, drive.ApartFirst} {
		s.Run = "^Test(Deadlocks|Panics|Logs|Leaks|Selects)$"
		s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1, Apart: apart}
		got := explored(t, s, dir)
		for test, want := range map[string]struct {
			kind           sched.Kind
			says, schedule string
		}{
			"TestDeadlocks": {
				sched.Leak, "main/lockInBothOrders#1 waits in lockInBothOrders",
				"main/lockInBothOrders#1@lockInBothOrders.Lock#2>main/lockInBothOrders#2",
			},
			"TestPanics":  {sched.Panicked, "panic: in between", "main/beside#1@twice.Store#2>main/beside#2"},
			"TestLogs":    {sched.Panicked, "panic: Log in goroutine after TestLogs has completed: too late", "main/beside#1@twice.Store#2>main/beside#2"},
			"TestLeaks":   {sched.Leak, "main/beside#1 waits in TestLeaks", "main@end>main/beside#2"},
			"TestSelects": {sched.Panicked, "panic: the second case", "main/TestSelects#1@TestSelects.select.case#1=1"},
		} {
			f := requireFound(t, got, test)
			require.Equal(t, want.kind, f.Failure.Kind, test)
			require.Contains(t, f.Failure.Message, want.says)
			require.Equal(t, want.schedule, f.Schedule.String(), test)
		}
	}
}

func TestADataRaceAfterTheTestsEndIsFound(t *testing.T) {
	dir := copied(t, "afterwards")
	s := session(t, dir)
	s.Race, s.Run = true, "^Test(Races|Leaks)$"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1}
	got := explored(t, s, dir)
	require.Equal(t, sched.DataRace, requireFound(t, got, "TestRaces").Failure.Kind)
	require.Equal(t, sched.Leak, requireFound(t, got, "TestLeaks").Failure.Kind)
}

func TestAnExhaustedClaimCountsTheStepsAfterTheTestsEnd(t *testing.T) {
	dir := copied(t, "afterwards")
	s := session(t, dir)
	s.Run = Exactly("TestCountsRight")
	for _, apart := range []string{drive.ApartNone, drive.ApartFirst} {
		s.Order = drive.Order{Mode: drive.Explore, Strategy: "bounded", Preemptions: 8, Seed: 1, Apart: apart}
		end := explored(t, s, dir).ended["TestCountsRight"]
		require.Equal(t, drive.HeldAll, end.Verdict, end.Because)
		last := end.Exhausted[len(end.Exhausted)-1]
		require.True(t, last.Complete)
		// Of the 210 orders of 3, 2 and the test's last 2 steps, those in which the second goroutine's steps come after the first of these 2.
		require.EqualValues(t, 105, last.Schedules)
		require.False(t, end.OneOrder)
	}
}

// What goes on for ever is not chosen for long, and the claim says so.
func TestAClaimSaysThatItDoesNotCoverWhatGoesOnLongAfterTheTestsEnd(t *testing.T) {
	dir := copied(t, "afterwards")
	s := session(t, dir)
	s.Run = "^Test(Tickers|Pipe|Spins|Timer)Right$"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 300, Seed: 1}
	got := explored(t, s, dir)
	for _, test := range []string{"TestTickersRight", "TestPipeRight", "TestSpinsRight"} {
		end := got.ended[test]
		require.Equal(t, drive.HeldAll, end.Verdict, "%s: %s", test, end.Because)
		require.Empty(t, end.Apart, test)
		require.Zero(t, end.Statistics.Unknown, test)
		require.True(t, end.OneOrder, test)
	}
	require.NotEmpty(t, got.ended["TestTickersRight"].Exhausted, "each tick is no choice, or there would be too many schedules")
	timer := got.ended["TestTimerRight"]
	require.Equal(t, drive.HeldAll, timer.Verdict, timer.Because)
	require.False(t, timer.OneOrder)
	require.NotNil(t, timer.Timing)
	require.True(t, timer.Timing.OneOrder)
}

// Tokens and kept cases of a version that chose nothing after the end still fail.
func TestATokenOfAVersionThatChoseNothingAfterTheEndReplays(t *testing.T) {
	const older, now = "main@TestNeedsTheFirst.Store#1>main/TestNeedsTheFirst#1", "main/TestNeedsTheFirst#2@TestNeedsTheFirst.Store#1>main/TestNeedsTheFirst#1"
	dir := copied(t, "afterwards")
	s := session(t, dir)
	s.Run = Exactly("TestNeedsTheFirst")
	s.Order = drive.Order{Mode: drive.Replay, Case: older, Times: 10}
	f := explored(t, s, dir).findings["TestNeedsTheFirst"]
	require.Len(t, f, 1)
	require.Equal(t, 10, f[0].Finding.Replayed)
	require.Equal(t, older+", "+now, f[0].Finding.Schedule.String(), "a token of this version")
	s.Order.Case = f[0].Finding.Schedule.String()
	f = explored(t, s, dir).findings["TestNeedsTheFirst"]
	require.Equal(t, 10, f[0].Finding.Replayed)

	all, err := List(t.Context(), dir, nil, nil, []string{"."})
	require.NoError(t, err)
	token, err := ParseToken("v1 test=TestNeedsTheFirst; @ " + older)
	require.NoError(t, err)
	file, err := all[0].Keep(token, "TestNeedsTheFirst: panic")
	require.NoError(t, err)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 100, Seed: 1}
	got := explored(t, s, dir)
	require.Equal(t, "a kept case fails", got.ended["TestNeedsTheFirst"].Because)
	require.Equal(t, file, got.findings["TestNeedsTheFirst"][0].Kept)
}
