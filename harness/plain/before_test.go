package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

func TestGoroutinesFromBeforeTheTestAreThreadsOfIt(t *testing.T) {
	dir := copied(t, "before")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1}
	got := explored(t, s, dir)
	for _, test := range []string{"TestJobRight", "TestFlushRight", "TestBeatsRight", "TestOpensRight", "TestExpiresRight", "TestNeverRight", "TestTasksRight", "TestContextEndsRight"} {
		ended := got.ended[test]
		require.Equal(t, drive.HeldAll, ended.Verdict, "%s: %s", test, ended.Because)
		require.Zero(t, ended.Statistics.Unknown, test)
		require.Empty(t, ended.Apart, test)
	}
	f := requireFound(t, got, "TestJobLosesAnUpdate")
	require.Equal(t, "failed in before_test.go:45", f.Failure.Class())
	require.Equal(t, 1, f.Preemptions)
	require.Equal(t, 5, f.Replayed)
	require.Contains(t, f.Schedule.String(), "init/help#1", "a job of an earlier execution has started it")
	f = requireFound(t, got, "TestJobIsLate")
	require.Equal(t, 5, f.Replayed)
	f = requireFound(t, got, "TestFlushWithinASecond")
	require.Equal(t, []string{"the timer of 1s that main set at TestFlushWithinASecond.timer (before_test.go:65)"}, f.Timers, "the flusher's ticker fires when all wait")
	f = requireFound(t, got, "TestJobPanics")
	require.Equal(t, sched.Panicked, f.Failure.Kind)
	require.Equal(t, 5, f.Replayed)
}

func TestARaceWithAGoroutineFromBeforeIsReported(t *testing.T) {
	s, dir := raced(t, "before")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 40, Seed: 1}
	got := explored(t, s, dir)
	require.Equal(t, drive.FoundSome, got.ended["TestJobIsLate"].Verdict)
	kinds := []sched.Kind{}
	for _, e := range got.findings["TestJobIsLate"] {
		kinds = append(kinds, e.Finding.Failure.Kind)
	}
	require.Contains(t, kinds, sched.DataRace)
	for _, test := range []string{"TestJobRight", "TestFlushRight", "TestBeatsRight"} {
		require.Equal(t, drive.HeldAll, got.ended[test].Verdict, "%s: %s", test, got.ended[test].Because)
	}
}

func TestWhoWaitsFromBeforeIsNoLeakAndMayBeDeadlocked(t *testing.T) {
	dir := copied(t, "before") + "/deadlocks"
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1}
	got := explored(t, s, dir)
	f := requireFound(t, got, "TestWaitsForItself").Failure
	require.Equal(t, sched.Deadlock, f.Kind)
	require.Contains(t, f.Message, "main waits in TestWaitsForItself (deadlocks_test.go:23): chan send; init/work#1 waits in TestWaitsForItself (deadlocks_test.go:22): chan receive")
	require.NotContains(t, f.Message, "init/work#2", "it has nothing to do with it")
	f = requireFound(t, got, "TestLeaves").Failure
	require.Equal(t, sched.Leak, f.Kind)
	require.Equal(t, "leak in TestLeaves: chan send", f.Class())
}
