package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

func TestWhatCannotBeRepeatedInOneProcessHasAProcessForEachSchedule(t *testing.T) {
	dir := copied(t, "apart")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 40, Seed: 1}
	s.Run = "TestFirst"
	got := explored(t, s, dir)
	first := got.ended["TestFirstProcessRight"]
	require.Equal(t, drive.HeldAll, first.Verdict, first.Because)
	require.Empty(t, got.findings)
	require.Contains(t, first.Apart, "a schedule failed in a process that had executed others (failed in apart_test.go:108), but only 0 of 5 times in a fresh one")
	s.Run, s.Order.Schedules = "TestLockIsKept$", 400 // fewer do not show it with every seed
	lock := explored(t, s, dir)
	s.Run, s.Order.Schedules = "Test(Counter|Worker|LockIsKeptAlways|Any|Parts)", 40
	got = explored(t, s, dir)
	got.ended["TestLockIsKept"], got.findings["TestLockIsKept"] = lock.ended["TestLockIsKept"], lock.findings["TestLockIsKept"]
	require.Equal(t, drive.HeldAll, got.ended["TestParts/oneRight"].Verdict)
	require.NotContains(t, got.ended, "TestParts", "its sub-tests were explored, and later processes pass it over")
	for name, want := range map[string]struct{ verdict, because, apart, class, schedule string }{
		"TestCounterRight": {drive.HeldAll, "", "at step 3 it came to main@TestCounterRight.Lock (apart_test.go:", "", ""},
		"TestCounter":      {drive.FoundSome, "", "went another way at repetition 2", "failed in apart_test.go:47", "main@overtaken.Load#2>main/overtaken#1"},
		"TestWorker":       {drive.FoundSome, "", `to "deadlock in TestWorker: chan send"`, "failed in apart_test.go:69", "main@overtaken.Load#2>main/overtaken#1"},
		"TestLockIsKept": {
			drive.FoundSome, "", "after a failure the schedule without a switch went another way: at step ", "leak in TestLockIsKept: select (no cases)",
			"main/TestLockIsKept#1@overtaken.Load#2>main/TestLockIsKept#1/overtaken#1",
		},
		"TestLockIsKeptAlways": {drive.FoundSome, "", "", "failed in apart_test.go:96", ""},
		"TestAnyNumber":        {drive.Unrepeatable, "main@TestAnyNumber.Lock (any_test.go:16)", "went another way at repetition", "", ""},
	} {
		require.Contains(t, got.ended, name)
		summary := got.ended[name]
		require.Equal(t, want.verdict, summary.Verdict, "%s: %s", name, summary.Because)
		require.Contains(t, summary.Because, want.because, name)
		require.Contains(t, summary.Apart, want.apart, name)
		if want.verdict == drive.HeldAll {
			require.EqualValues(t, 40, summary.Statistics.Schedules, name)
		}
		if want.class == "" {
			require.Empty(t, got.findings[name], name)
			continue
		}
		require.Len(t, got.findings[name], 1, name)
		f := got.findings[name][0].Finding
		require.Equal(t, want.class, f.Failure.Class(), name)
		require.Equal(t, want.schedule, f.Schedule.String(), name)
		require.Equal(t, 5, f.Replayed, "%s in fresh processes", name)
		require.Equal(t, summary.Apart != "", f.Apart == drive.ApartFirst, name)
	}
}

func TestATestThatEndsItsProcessIsAFindingWithTheScheduleThatLedThere(t *testing.T) {
	dir := copied(t, "apart")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 40, Seed: 1}
	s.Run = "Test(Stack|Memory|Is|Exits|Always|Too|Draws)"
	got := explored(t, s, dir)
	const switched = "main@overtaken.Load#2>main/overtaken#1"
	for name, want := range map[string]struct{ message, class, schedule string }{
		"TestStackOverflows":     {"exit code 2: fatal error: stack overflow", "process ended in deeper (apart_test.go:112)", switched},
		"TestMemoryEnds":         {"memory", "process ended in TestMemoryEnds (apart_test.go:130)", switched},
		"TestIsKilled":           {"the process was ended by a signal: killed", "process ended", switched},
		"TestExitsBelow":         {"the process ended with exit code 0", "process ended", switched},
		"TestAlwaysExitsBelow":   {"the process ended with exit code 7", "process ended", ""},
		"TestDrawsTheSameAlways": {"", "failed in apart_test.go:168", ""},
	} {
		require.Contains(t, got.ended, name)
		require.Equal(t, drive.FoundSome, got.ended[name].Verdict, "%s: %s", name, got.ended[name].Because)
		require.Len(t, got.findings[name], 1, name)
		f := got.findings[name][0].Finding
		require.Contains(t, f.Failure.Message, want.message, name)
		require.Equal(t, want.class, f.Failure.Class(), name)
		require.Equal(t, want.schedule, f.Schedule.String(), name)
		require.Equal(t, 5, f.Replayed, "%s in fresh processes", name)
		if f.Failure.Kind == "process ended" {
			require.Contains(t, got.ended[name].Apart, "in one process the test ended it", name)
		}
	}
	often := got.ended["TestTooOftenRight"]
	require.Equal(t, drive.HeldAll, often.Verdict, "no schedule alone ends the process: %s", often.Because)
	require.Contains(t, often.Apart, "in one process the test ended it: exit status 9")
}

func TestATokenOfWhatEndsItsProcessReplaysAHundredTimes(t *testing.T) {
	dir := copied(t, "apart")
	s := session(t, dir)
	for text, class := range map[string]string{
		"v1 test=TestIsKilled; @ main@overtaken.Load#2>main/overtaken#1":       "process ended",
		"v1 test=TestCounter; alone; @ main@overtaken.Load#2>main/overtaken#1": "failed in apart_test.go:47",
	} {
		token, err := ParseToken(text)
		require.NoError(t, err)
		s.Run = Exactly(token.Test)
		s.Order = drive.Order{Mode: drive.Replay, Case: token.Schedule.String(), Times: 100, LeaksAlways: true}
		if token.Alone {
			s.Order.Apart = drive.ApartFirst
		}
		got := explored(t, s, dir)
		require.Len(t, got.findings[token.Test], 1, text)
		require.Equal(t, class, got.findings[token.Test][0].Finding.Failure.Class())
		require.Equal(t, 100, got.findings[token.Test][0].Finding.Replayed, text)
	}
}

func TestATestMainOfWhichThereCanBeOneProcessIsToldAsTheReason(t *testing.T) {
	dir := copied(t, "single")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 10, Seed: 1}
	got := explored(t, s, dir)
	require.Equal(t, drive.Unjudged, got.ended["TestCounter"].Verdict)
	require.Contains(t, got.ended["TestCounter"].Because, "a process for one schedule ended before it came to the test; TestMain, or what the package does before, may need what only one "+
		"process can have: the process ended with exit code 1\nsomebody else is here: ")
	require.Contains(t, got.ended["TestCounter"].Apart, "went another way at repetition 2")
}

// One execution that could not be repeated in a process of its own ended the search.
func TestWhatStraysNowAndThenIsSampledAndClaimsNoBound(t *testing.T) {
	dir := copied(t, "strays")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 300, Seed: 1}
	got := explored(t, s, dir)
	right := got.ended["TestNowAndThenRight"]
	require.Equal(t, drive.HeldAll, right.Verdict, right.Because)
	require.NotEmpty(t, right.Apart)
	require.EqualValues(t, 300, right.Statistics.Schedules)
	require.Positive(t, right.Statistics.Strayed)
	require.Less(t, right.Statistics.Strayed, right.Statistics.Confirmed)
	require.Contains(t, right.Strayed, "oddly")
	require.NotContains(t, right.Strayed, "It uses the network")
	require.Empty(t, right.Exhausted)
	requireFound(t, got, "TestNowAndThen")
	if strayed := got.ended["TestNowAndThen"].Strayed; strayed != "" {
		require.Contains(t, strayed, "It uses the network")
	}
}
