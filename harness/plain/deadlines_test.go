package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

// Deadlines passed in real time: one of ten seconds expired after a timer of eleven, and one of milliseconds while others had work.
func TestADeadlinePassesOnTheTestsClock(t *testing.T) {
	exploredDeadlines(t, false)
}

func TestADeadlinePassesOnTheTestsClockUnderRace(t *testing.T) {
	exploredDeadlines(t, true)
}

func exploredDeadlines(t *testing.T, race bool) {
	t.Helper()
	dir := copied(t, "deadlines")
	s := session(t, dir)
	s.Race = race
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 20, Seed: 1}
	got := explored(t, s, dir)
	requireAlarms(t, got)
	require.Len(t, got.ended, 8)
	require.Equal(t, drive.HeldAll, got.ended["TestWork"].Verdict, "a deadline does not expire while others have work, unless by choice")
}

func TestADeadlineMayExpireEarlyByChoice(t *testing.T) {
	dir := copied(t, "deadlines")
	s := session(t, dir)
	s.Run = "TestWork"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 400, Seed: 1}
	got := explored(t, s, dir)
	f := requireFound(t, got, "TestWork")
	require.Equal(t, "timing: failed in deadlines_test.go:85", f.Failure.Class())
	require.Equal(t, []string{"the deadline of 2ms that main set at TestWork.deadline (deadlines_test.go:83)"}, f.Timers)
}
