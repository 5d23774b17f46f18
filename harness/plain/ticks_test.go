package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

func TestATickerThatNotesTheTimeDoesNotHideThatAllOthersWaitForEver(t *testing.T) {
	dir := copied(t, "ticks")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 40, Seed: 1, StepLimit: 1000}
	got := explored(t, s, dir)
	require.Equal(t, drive.FoundSome, got.ended["TestDropped"].Verdict, got.ended["TestDropped"].Because)
	require.Len(t, got.findings["TestDropped"], 1)
	found := got.findings["TestDropped"][0].Finding.Failure
	require.Equal(t, sched.Livelock, found.Kind)
	require.Contains(t, found.Message, "main waits in wait (ticks_test.go:47): chan receive")
	require.Regexp(t, `^the threads go round in a circle: no end after 17000 choices, the last 1000 of them with turns for each thread, nor in the \d+h\d+m\d+s on the clock before these, and go test ends a test after 10m0s: main waits in TestNobodySends`, requireFound(t, got, "TestNobodySends").Failure.Message)
	require.Equal(t, drive.HeldAll, got.ended["TestKeptRight"].Verdict, got.ended["TestKeptRight"].Because)
}
