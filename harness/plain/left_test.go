package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// A leak is a goroutine of this test that is blocked for ever after its cleanups: none that init or TestMain has started, and none that waits
// for a timer or a file.
func TestALeakIsOfItsTestAndBlockedForEver(t *testing.T) {
	dir := copied(t, "left")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 60, Seed: 1}
	got := explored(t, s, dir)
	for _, test := range []string{"TestBesideOthersRight", "TestTimersRight", "TestPipeRight", "TestCleansUpRight"} {
		end := got.ended[test]
		require.Equal(t, drive.HeldAll, end.Verdict, "%s: %s, %v", test, end.Because, got.findings[test])
		require.Empty(t, end.Leaks, test)
		require.Empty(t, end.Apart, test)
	}
	f := requireFound(t, got, "TestSends")
	require.Equal(t, sched.Leak, f.Failure.Kind)
	require.Equal(t, "TestSends: chan send", f.Failure.Site, "and nobody whom init or TestMain has started")
}

// --leaks=ok
func TestNoLeakIsAFindingWhereLeaksAreAccepted(t *testing.T) {
	dir := copied(t, "left")
	s := session(t, dir)
	s.Run = Exactly("TestSends")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 60, Seed: 1, LeaksOK: true}
	got := explored(t, s, dir)
	require.Equal(t, drive.HeldAll, got.ended["TestSends"].Verdict, got.ended["TestSends"].Because)
	require.Empty(t, got.findings)
}

func TestSkipAndGoexitAreOrdinaryEnds(t *testing.T) {
	dir := copied(t, "left")
	s := session(t, dir)
	s.Run = "^TestGoexitRight$"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 60, Seed: 1}
	got := explored(t, s, dir)
	require.Empty(t, got.findings)
	require.NotEmpty(t, got.ended)
	for test, end := range got.ended {
		require.Contains(t, []string{drive.HeldAll, drive.SkippedItself}, end.Verdict, "%s: %s", test, end.Because)
	}
}
