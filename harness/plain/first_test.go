package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

func TestWhatOnlyTheFirstExecutionInAProcessShowsIsFound(t *testing.T) {
	dir := copied(t, "first")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 160, Seed: 1}
	got := explored(t, s, dir)

	wrong := got.ended["TestFill"]
	require.Equal(t, drive.FoundSome, wrong.Verdict, wrong.Because)
	require.Contains(t, wrong.Apart, "the first execution in a process takes another way than later ones, of which 160 held: at step ")
	require.Nil(t, wrong.First)
	require.Len(t, got.findings["TestFill"], 1)
	found := got.findings["TestFill"][0].Finding
	require.Contains(t, found.Failure.Message, "filled 2 times")
	require.Equal(t, 1, found.Preemptions)
	require.Equal(t, drive.ApartFirst, found.Apart)
	require.Equal(t, 5, found.Replayed)

	right := got.ended["TestFillRight"]
	require.Equal(t, drive.HeldAll, right.Verdict, right.Because)
	require.Empty(t, right.Apart)
	require.EqualValues(t, 160, right.Statistics.Schedules)
	require.NotNil(t, right.First)
	require.Equal(t, drive.HeldAll, right.First.Verdict)
	require.EqualValues(t, 40, right.First.Statistics.Schedules)
	require.Contains(t, right.First.Differs, "main@TestFillRight.Lock (first_test.go:62) the first time, and then to ")

	own := got.ended["TestOwnCacheRight"]
	require.Equal(t, drive.HeldAll, own.Verdict, own.Because)
	require.Nil(t, own.First, "nothing is left in the process")
}
