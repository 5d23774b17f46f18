package plain

import (
	goversion "go/version"
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
	for _, test := range []string{"TestBesideOthersRight", "TestTimersRight", "TestPipeRight", "TestCleansUpRight", "TestTickersMayWakeRight", "TestLoneLocksRight"} {
		end := got.ended[test]
		require.Equal(t, drive.HeldAll, end.Verdict, "%s: %s, %v", test, end.Because, got.findings[test])
		require.Empty(t, end.Leaks, test)
		require.Empty(t, end.Apart, test)
	}
	for _, test := range []string{"TestLocksBesideATicker", "TestLocksBesideAPipe"} {
		if goversion.Compare(s.Toolchain.Version, "go1.26") < 0 { // its collector does not say who is reached
			require.Equal(t, drive.HeldAll, got.ended[test].Verdict, test)
			continue
		}
		f := requireFound(t, got, test)
		require.Equal(t, sched.Leak, f.Failure.Kind)
		require.Equal(t, "locksBoth: sync.Mutex.Lock", f.Failure.Site, "and neither the pipe nor the ticker")
		require.Contains(t, f.Failure.Message, "because no other one reaches what they wait for: main/locksBoth#1 waits in ")
	}
	f := requireFound(t, got, "TestSends")
	require.Equal(t, sched.Leak, f.Failure.Kind)
	require.Equal(t, "TestSends: chan send", f.Failure.Site, "and nobody whom init or TestMain has started")
}

// The collector sees through each kind of wait.
func TestWhoWaitsInAnyWayMayHaveLeakedBesideOthers(t *testing.T) {
	dir := copied(t, "left")
	s := session(t, dir)
	s.Run = Exactly("TestEachWaitBesideATicker")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 60, Seed: 1, LeaksAlways: true}
	got := explored(t, s, dir)
	if goversion.Compare(s.Toolchain.Version, "go1.26") < 0 { // its collector does not say who is reached
		require.Equal(t, drive.HeldAll, got.ended["TestEachWaitBesideATicker"].Verdict)
		return
	}
	f := requireFound(t, got, "TestEachWaitBesideATicker")
	require.Equal(t, sched.Leak, f.Failure.Kind)
	require.Equal(t, "TestEachWaitBesideATicker: chan send, TestEachWaitBesideATicker: select, TestEachWaitBesideATicker: sync.Cond.Wait, "+
		"TestEachWaitBesideATicker: sync.Mutex.Lock, TestEachWaitBesideATicker: sync.RWMutex.RLock, TestEachWaitBesideATicker: sync.WaitGroup.Wait", f.Failure.Site)
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
