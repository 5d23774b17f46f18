package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

// The first was told as a livelock, and the second never came to an end.
func TestASelectIsFairInTheEnd(t *testing.T) {
	dir := copied(t, "selects")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 50, Seed: 1}
	got := explored(t, s, dir)
	for _, test := range []string{"TestLoopRight", "TestClientRight"} {
		require.Equal(t, drive.HeldAll, got.ended[test].Verdict, "%s: %s", test, got.ended[test].Because)
	}
}

// Under go test an earlier test has made what it needs, and here it is alone.
func TestWhatFailsAloneSaysHowToTell(t *testing.T) {
	dir := copied(t, "selects")
	s := session(t, dir)
	s.Run = "^TestNeedsAnother$"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 10, Seed: 1}
	got := explored(t, s, dir).ended["TestNeedsAnother"]
	require.Equal(t, drive.FoundSome, got.Verdict)
	require.Equal(t, "the schedule without a switch fails, with nothing to choose: go test -run '^TestNeedsAnother$' tells whether it needs what another test leaves", got.Because)
}
