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
	require.Equal(t, drive.HeldAll, got.ended["TestKeptRight"].Verdict, got.ended["TestKeptRight"].Because)
}
