package plain

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

func TestWhatIsKeptIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	p := Package{Dir: t.TempDir(), Tests: []string{"TestX", "TestY"}}
	schedule, err := sched.ParseSchedule("main/g#1@F.Lock#1>main")
	require.NoError(t, err)
	file, err := p.Keep(Token{Test: "TestX/a;b", Schedule: schedule}, "TestX: failed:\nof two lines")
	require.NoError(t, err)
	require.Regexp(t, `^testdata/racewindow/TestX/[0-9a-f]{16}\.case$`, file)
	token, about, err := ReadToken(filepath.Join(p.Dir, file))
	require.NoError(t, err)
	require.Equal(t, Token{Test: "TestX/a;b", Schedule: schedule}, token)
	require.Equal(t, "TestX: failed: of two lines\n", about)
	again, err := p.Keep(token, "another word for it")
	require.NoError(t, err)
	require.Equal(t, file, again, "the same is kept once")
	_, err = p.Keep(Token{Test: "TestY"}, "TestY: data race: two writes")
	require.NoError(t, err)
	for name, content := range map[string]string{"TestX/bad.case": "v1 test=TestX; @ nonsense", "TestX/other.case": "v1 test=TestY", "TestY/note.txt": "no case"} {
		require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "testdata", "racewindow", name), []byte(content), 0o644))
	}
	b := &binary{Session: &Session{}, of: p, folder: t.TempDir()}
	all, err := b.kept()
	require.Equal(t, map[string][]drive.KeptSchedule{"TestX/a;b": {{File: file, Schedule: schedule}}}, all, "the data race needs the race detector")
	var bad *KeptError
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "the kept case testdata/racewindow/TestX/bad.case cannot be executed: ")
	require.ErrorContains(t, err, "TestX/other.case cannot be executed: it belongs to TestY; remove it if the code that it tests is gone")
	b.Race = true
	all, _ = b.kept()
	require.Len(t, all["TestY"], 1)
	_, _, err = ReadToken(filepath.Join(p.Dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAShareIsWhatIsLeftDividedByWhoIsLeft(t *testing.T) {
	t.Parallel()
	s := NewShare(10*time.Second, 4)
	own, back := s.take(0)
	require.Equal(t, 2500*time.Millisecond, own)
	back(500 * time.Millisecond)
	own, back = s.take(0)
	require.Equal(t, 3166*time.Millisecond, own.Truncate(time.Millisecond), "what the first has left")
	back(5166 * time.Millisecond)
	own, back = s.take(time.Second)
	require.Equal(t, time.Second, own, "the bound of one test")
	back(2 * time.Second)
	own, back = s.take(0)
	require.Equal(t, 2334*time.Millisecond, own.Truncate(time.Millisecond), "what the others have needed is not there any more")
	back(time.Minute)
	own, _ = s.take(0)
	require.Equal(t, leastShare, own, "each test has a little")
}

// The life of a kept schedule: it fails first, holds when the code is mended, and may go when its places have gone.
func TestAKeptScheduleIsExecutedFirst(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	all, err := List(t.Context(), dir, nil, nil, []string{"."})
	require.NoError(t, err)
	token, err := ParseToken("v1 test=TestCond; @ main/testCond#1@(*Box).Get.Lock#2>main/(*Box).Put#1")
	require.NoError(t, err)
	file, err := all[0].Keep(token, "TestCond: deadlock")
	require.NoError(t, err)
	s.Run = Exactly("TestCond")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 300, Seed: 1}
	run := func() (summary *drive.PlainSummary, found, again []drive.Event) {
		s.Event = func(_ Package, e drive.Event) {
			switch e.Event {
			case drive.Ended:
				summary = e.Plain
			case drive.Found:
				found = append(found, e)
			case drive.Again:
				again = append(again, e)
			}
		}
		require.NoError(t, s.Explore(t.Context(), all[0]))
		return summary, found, again
	}
	summary, found, again := run()
	require.Equal(t, drive.FoundSome, summary.Verdict)
	require.Equal(t, "a kept case fails", summary.Because)
	require.Len(t, found, 1)
	require.Equal(t, file, found[0].Kept)
	require.Equal(t, token.Schedule, found[0].Finding.Schedule)
	require.Equal(t, 5, found[0].Finding.Replayed)
	require.Len(t, found[0].Finding.Windows, 1)
	require.Equal(t, "without the preemption main/testCond#1@(*Box).Get.Lock#2>main/(*Box).Put#1", found[0].Finding.Change)
	require.Contains(t, found[0].Finding.Outcome.Failure.Stack, "classics.go:113", "where who waits stands")
	require.Empty(t, again)

	mend(t, dir, "classics_test.go", "testCond((*Box).Get)", "testCond((*Box).GetRight)")
	summary, found, again = run()
	require.Equal(t, drive.HeldAll, summary.Verdict)
	require.Empty(t, found)
	require.Len(t, again, 1)
	require.Contains(t, again[0].Text, "the kept case "+file+" cannot be executed any more (")
	require.Regexp(t, `\d+ schedules of the test hold: it may be removed$`, again[0].Text)
	require.Zero(t, again[0].Code)

	right, err := ParseToken("v1 test=TestCond; @ main/testCond#1@(*Box).GetRight.Lock#1>main/(*Box).Put#1")
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, file)))
	file, err = all[0].Keep(right, "TestCond: deadlock")
	require.NoError(t, err)
	summary, found, again = run()
	require.Equal(t, drive.HeldAll, summary.Verdict)
	require.Empty(t, found)
	require.Len(t, again, 1)
	require.Equal(t, "the kept case "+file+" holds now: keep it as a regression test", again[0].Text)
}

func mend(t *testing.T, dir, name, from, to string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	require.Contains(t, string(content), from)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(string(content), from, to)), 0o644))
}

func TestProcessesSideBySideTellTheSameAsOne(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	s.Run = "TestLog|TestCond|TestSum"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 100, Seed: 1}
	verdicts := func() map[string]string {
		got := map[string]string{}
		for name, summary := range explored(t, s, dir).ended {
			got[name] = summary.Verdict
		}
		return got
	}
	one := verdicts()
	s.Processes = 3
	require.Equal(t, one, verdicts())
	require.Len(t, one, 6)
	all, err := List(t.Context(), dir, nil, nil, []string{"."})
	require.NoError(t, err)
	p := all[0]
	p.Left = slices.DeleteFunc(slices.Clone(p.Tests), func(name string) bool { return name == "TestSum" })
	p.Tests = []string{"TestSum"}
	s.Processes, s.Share, s.Order.Schedules = 2, NewShare(2*time.Second, 1), 0
	var ended []string
	s.Event = func(_ Package, e drive.Event) {
		if e.Event == drive.Ended {
			ended = append(ended, e.Test)
		}
	}
	require.NoError(t, s.Explore(t.Context(), p))
	require.Equal(t, []string{"TestSum"}, ended, "a shard's tests and no others")
}

func TestATimeoutEndsATestAndSaysWhich(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	s.Run = Exactly("TestLogRight")
	s.Order = drive.Order{Mode: drive.Explore, Budget: time.Hour, Strategy: "random", Seed: 1}
	s.Timeout = 2 * time.Second
	all, err := List(t.Context(), dir, nil, nil, []string{"."})
	require.NoError(t, err)
	began, because := false, ""
	s.Event = func(_ Package, e drive.Event) {
		began = began || e.Event == drive.Began
		if e.Event == drive.Ended {
			because = e.Plain.Because
		}
	}
	err = s.Explore(t.Context(), all[0])
	require.True(t, errors.Is(err, ErrTimeout), "%v", err)
	require.ErrorContains(t, err, "those of example.com/classics took more than 2s")
	if began { // on a machine with more to do the process may not have come to it
		require.Contains(t, because, "those of example.com/classics took more than 2s")
	}
}

func TestAtomicPackagesHaveNoPoints(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	s.Run = Exactly("TestCond")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 300, Seed: 1, Atomic: []string{"example.com/other", "example.com/..."}}
	got := explored(t, s, dir)
	for _, f := range got.findings["TestCond"] {
		for _, e := range f.Finding.Outcome.Events {
			require.False(t, e.Point && !strings.HasSuffix(e.Text, ".waits"), "%+v", e)
		}
	}
	require.NotEqual(t, drive.Unjudged, got.ended["TestCond"].Verdict, got.ended["TestCond"].Because)
	s.Order.Atomic = []string{"example.com/classic"}
	require.Equal(t, drive.FoundSome, explored(t, s, dir).ended["TestCond"].Verdict, "another package's points stay")
}

// A kept schedule is of its sub-test alone, and one in which a timer fires early is executed so.
func TestAKeptScheduleOfASubtestOrWithATimerIsExecutedFirst(t *testing.T) {
	first := exploredClock(t)
	dir := copied(t, "clock")
	all, err := List(t.Context(), dir, nil, nil, []string{"."})
	require.NoError(t, err)
	kept := map[string]string{}
	for _, test := range []string{"TestAsk", "TestParts/with_a_blank/in_it#01"} {
		kept[test], err = all[0].Keep(Token{Test: test, Schedule: requireFound(t, first, test).Schedule}, test)
		require.NoError(t, err)
	}
	s := session(t, dir)
	s.Run = "^(TestAsk|TestParts)$"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 100, Seed: 1}
	again := explored(t, s, dir)
	for test, file := range kept {
		require.Equal(t, "a kept case fails", again.ended[test].Because, test)
		require.Equal(t, file, again.findings[test][0].Kept, test)
	}
	require.True(t, again.findings["TestAsk"][0].Finding.Failure.Timing)
	require.Equal(t, drive.HeldAll, again.ended["TestParts/right"].Verdict, "what was kept for another is not its own")
}
