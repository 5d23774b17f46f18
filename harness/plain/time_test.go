package plain

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

// clock is testdata/clock, built once for all tests of it.
var clock struct {
	once sync.Once
	told told
	left []os.DirEntry // in the folder for temporary files
	ok   bool
}

// exploredClock is what its exploration tells.
func exploredClock(t *testing.T) told {
	t.Helper()
	dir, temporary := copied(t, "clock"), t.TempDir()
	s := session(t, dir)
	clock.once.Do(func() {
		s.Env = append(os.Environ(), "TMPDIR="+temporary, "GOTMPDIR=")
		s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1, StepLimit: 600}
		clock.told = explored(t, s, dir)
		var err error
		clock.left, err = os.ReadDir(temporary)
		require.NoError(t, err)
		clock.ok = true
	})
	require.True(t, clock.ok, "the exploration failed in another test")
	return clock.told
}

// requireFound is the one finding of a test.
func requireFound(t *testing.T, got told, test string) *drive.PlainFinding {
	t.Helper()
	require.Len(t, got.findings[test], 1, "%s: %v", test, got.ended[test])
	f := got.findings[test][0].Finding
	require.Equal(t, 5, f.Replayed, "%s fails in each of five fresh processes: %s", test, f.Schedule)
	return f
}

func TestATimerThatFiresEarlyIsFoundByTheSecondSearchAlone(t *testing.T) {
	got := exploredClock(t)
	for test, want := range map[string]struct{ class, schedule, timer string }{
		"TestAsk": {
			"timing: leak in ask: chan send", "main/ask#1@ask.send#1>clock",
			"the timer of 1s that main set at ask.timer (clock_test.go:22)",
		},
		"TestDeadline": {
			"timing: failed in clock_test.go:39", "main@TestDeadline.Unlock#2>clock, clock@TestDeadline.AfterFunc#1>main/TestDeadline#1",
			"the AfterFunc of 3s that main set at TestDeadline.AfterFunc (clock_test.go:33)",
		},
	} {
		f := requireFound(t, got, test)
		require.True(t, f.Failure.Timing)
		require.Equal(t, want.class, f.Failure.Class())
		require.Equal(t, want.schedule, f.Schedule.String())
		require.Equal(t, []string{want.timer}, f.Timers, "%s: it is named after who set it, and for how long", test)
		require.Equal(t, 1, f.Preemptions)
		require.Equal(t, 1, got.ended[test].Timing.Findings)
	}
	require.Equal(t, drive.HeldAll, got.ended["TestAskRight"].Verdict)
	timing := got.ended["TestAskRight"].Timing
	require.NotEmpty(t, timing.Exhausted, "a claim of its own: %s", timing.Because)
	require.NotEqual(t, timing.Exhausted, got.ended["TestAskRight"].Exhausted)
}

// The row of a timer that fires early said which one it is only where one process had executed all schedules.
func TestAnEarlyTimerIsToldInTheTimelineOfAProcessOfItsOwnToo(t *testing.T) {
	dir := copied(t, "clock")
	var rows [][]string
	for _, apart := range []string{drive.ApartNone, drive.ApartFirst} {
		s := session(t, dir)
		s.Run = Exactly("TestAsk")
		s.Order = drive.Order{Mode: drive.Report, Case: "main/ask#1@ask.send#1>clock", Test: "TestAsk", Times: 1, Apart: apart, LeaksAlways: true}
		got := explored(t, s, dir)
		require.Len(t, got.findings["TestAsk"], 1)
		var texts []string
		for _, e := range got.findings["TestAsk"][0].Finding.Outcome.Events {
			texts = append(texts, e.Thread+" "+e.Text)
		}
		require.Contains(t, texts, "clock early: the timer of 1s that main set at ask.timer (clock_test.go:22)", "apart %q", apart)
		rows = append(rows, texts)
	}
	require.Equal(t, rows[0], rows[1])
}

// A goroutine that reads the clock in a loop lets time pass although the others could go on, in the search in which timers do not fire early too.
func TestWhatNeedsTimeToPassBesideOthersIsAMatterOfTiming(t *testing.T) {
	got := exploredClock(t)
	f := requireFound(t, got, "TestPollsBeside")
	require.Equal(t, "timing: failed in polls_test.go:17", f.Failure.Class())
	require.Empty(t, f.Timers, "no timer was set")
	require.Equal(t, "TestPollsBeside.Now (polls_test.go:14) reads the clock in a loop", f.Polls)
	f = requireFound(t, got, "TestPollsAndFailsBesides")
	require.Equal(t, "failed in polls_test.go:34", f.Failure.Class(), "nobody else could go on when time passed")
	require.Empty(t, f.Polls)
}

// A ticker of an hour fired before somebody went on whose timeout of 20 ms was over.
func TestATimerThatIsFarAwayDoesNotFireEarly(t *testing.T) {
	got := exploredClock(t).ended["TestHourlyRight"]
	require.Equal(t, drive.HeldAll, got.Verdict, "%+v", got)
	require.NotEmpty(t, got.Timing.Exhausted, "the timeout may be early: %s", got.Timing.Because)
}

// Time passed when all waited, so that whoever spun starved who waited for a moment, also when threads took turns.
func TestWhoWaitsForAMomentHasATurnToo(t *testing.T) {
	got := exploredClock(t).ended["TestSpinsMeanwhileRight"]
	require.Equal(t, drive.HeldAll, got.Verdict, "%+v", got)
}

// Each schedule of it goes to the step limit, so that all that were ordered would take an hour.
func TestATestWithoutAnEndIsGivenUpSoon(t *testing.T) {
	got := exploredClock(t).ended["TestTicksForEver"]
	require.Equal(t, drive.Unjudged, got.Verdict, "%+v", got)
	require.Contains(t, got.Because, "none of 32 schedules has an end, and the rest is not tried")
	require.Contains(t, got.Because, "main waits in TestTicksForEver")
	require.EqualValues(t, 32, got.Statistics.Schedules)
	require.EqualValues(t, 32, got.Statistics.Unknown)
}

// Nothing was judged, because no schedule of the test has an end.
func TestWhoWaitsForWhatNobodyReachesIsDeadlockedAlsoBesideATicker(t *testing.T) {
	f := requireFound(t, exploredClock(t), "TestWaitsBesideATicker").Failure
	require.Equal(t, "deadlock in TestWaitsBesideATicker: chan receive", f.Class())
	require.Regexp(t, `^these goroutines can never go on, because no other one reaches what they wait for: main waits in TestWaitsBesideATicker \(clock_test.go:\d+\): chan receive$`, f.Message)
}

// It was made smaller for ten minutes, and told in 113 MB.
func TestAFindingWithoutAnEndIsToldInShort(t *testing.T) {
	f := requireFound(t, exploredClock(t), "TestSignalIsLostBesideATicker")
	require.Equal(t, sched.Deadlock, f.Failure.Kind)
	require.Greater(t, f.Failure.Step, 9_600)
	require.Regexp(t, `main waits in TestSignalIsLostBesideATicker \(clock_test.go:\d+\): sync.Cond.Wait`, f.Failure.Message, "not where the Unlock is that Wait calls")
	require.Len(t, f.Outcome.Events, 4_001)
	require.Contains(t, f.Outcome.Events[3_000].Text, "steps are left out here")
	var said strings.Builder
	require.NoError(t, report.OfPlain(f, "TestSignalIsLostBesideATicker", "", "", "").WriteText(&said, 100, report.Palette{}))
	require.Contains(t, said.String(), f.Outcome.Events[3_000].Text, "it is no point that is passed")
}

func TestWhatTheFirstSearchFindsIsNoMatterOfTiming(t *testing.T) {
	got := exploredClock(t)
	f := requireFound(t, got, "TestBothTimes")
	require.False(t, f.Failure.Timing)
	require.Equal(t, "main/TestBothTimes#1@TestBothTimes.Store#1>main/TestBothTimes#2", f.Schedule.String())
	require.Empty(t, f.Timers)
	require.Nil(t, got.ended["TestBothTimes"].Timing, "one finding is enough")
}

// All findings of both searches are told, and none twice.
func TestTheTwoSearchesShareNoFinding(t *testing.T) {
	exploredClock(t) // the build is cached then
	dir := copied(t, "clock")
	s := session(t, dir)
	s.Run = "^(TestBothTimes|TestAsk)$"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 400, Seed: 1, All: true}
	got := explored(t, s, dir)
	for test, want := range map[string][]string{
		"TestBothTimes": {"failed in clock_test.go:58"}, "TestAsk": {"timing: leak in ask: chan send"},
	} {
		var classes []string
		for _, e := range got.findings[test] {
			classes = append(classes, e.Finding.Failure.Class())
		}
		require.Equal(t, want, classes, test)
		require.NotNil(t, got.ended[test].Timing, "%s was searched twice", test)
	}
}

func TestTimePassesForLoopsSleepersAndTickers(t *testing.T) {
	got := exploredClock(t)
	for _, test := range []string{
		"TestContextTimesOutRight", "TestNanosecondsRight", "TestSleepersEndRight", "TestPollsNowRight", "TestRunsForEver", "TestStarvesRight",
	} {
		require.Equal(t, drive.HeldAll, got.ended[test].Verdict, "%s: %s", test, got.ended[test].Because)
		require.Empty(t, got.ended[test].Leaks, "%s: who sleeps has not leaked", test)
	}
	require.Equal(t, "main/TestRunsForEver#1 waits in TestRunsForEver (clock_test.go:91): sleep", got.ended["TestRunsForEver"].Running, "an outcome of its own")
	require.Empty(t, got.ended["TestSleepersEndRight"].Running)
}

func TestWhatATimerStartsIsNamedAfterWhoSetIt(t *testing.T) {
	f := requireFound(t, exploredClock(t), "TestAfterFuncs")
	require.Equal(t, "failed in clock_test.go:117", strings.TrimPrefix(f.Failure.Class(), "timing: "))
	require.Contains(t, f.Schedule.String(), "main/expire#")
}

func TestASeedBelongsToTheScheduleAndOnlyWhereItMatters(t *testing.T) {
	got := exploredClock(t)
	for _, test := range []string{"TestRandom", "TestMapOrder", "TestRuntimesOwn"} {
		f := requireFound(t, got, test)
		require.Len(t, f.Schedule, 1, test)
		require.Equal(t, sched.Place{Point: sched.SeedPoint}, f.Schedule[0].At, test)
	}
	for _, test := range []string{"TestDependency", "TestArguments"} {
		require.NotContains(t, requireFound(t, got, test).Schedule.String(), "seed=")
	}
}

func TestRandomNumbersOfTheSystemsAreNamedWhereTheyAreRead(t *testing.T) {
	ended := exploredClock(t).ended["TestSecret"]
	require.Equal(t, drive.Unrepeatable, ended.Verdict)
	require.Contains(t, ended.Because, "It reads random numbers of crypto/rand, which differ each time, in TestSecret (random_test.go:")
}

func TestABrokenOffExecutionLeavesNoTemporaryFolder(t *testing.T) {
	f := requireFound(t, exploredClock(t), "TestLeavesFolders")
	require.Equal(t, sched.Panicked, f.Failure.Kind)
	require.Empty(t, clock.left)
}

func TestADependencyHasPointsAndTheStandardLibraryHasNone(t *testing.T) {
	f := requireFound(t, exploredClock(t), "TestDependency")
	require.Equal(t, "main/TestDependency#1@dep.(*Counter).Set.Lock#1>main/TestDependency#2", f.Schedule.String())
	for _, e := range f.Outcome.Events {
		require.False(t, e.Point && strings.HasPrefix(e.Text, "sync."), e.Text)
	}
}

func TestAGoStatementWithArgumentsNamesItsFunction(t *testing.T) {
	f := requireFound(t, exploredClock(t), "TestArguments")
	require.Equal(t, "main/add#1@add.Store#1>main/add#2", f.Schedule.String())
}

func TestGivingUpATurnIsNoSwitch(t *testing.T) {
	f := requireFound(t, exploredClock(t), "TestYields")
	require.Empty(t, f.Schedule, "whose turn it is then is the next one's")
	require.Zero(t, f.Preemptions)
}

func TestWhatOneGoroutineDoesAloneCountsForNoLimit(t *testing.T) {
	ended := exploredClock(t).ended["TestLongAloneRight"]
	require.Equal(t, drive.HeldAll, ended.Verdict, ended.Because)
	require.Zero(t, ended.Statistics.Unknown)
	require.Greater(t, ended.Statistics.MaxSteps, 600, "which is the limit")
}

func TestBubblesOfTestingSynctestAreExplored(t *testing.T) {
	got := exploredClock(t)
	for _, test := range []string{"TestSynctestRight", "TestSynctestsRight", "TestSynctestOutsideRight", "TestSameMomentRight"} {
		require.Equal(t, drive.HeldAll, got.ended[test].Verdict, "%s: %s", test, got.ended[test].Because)
	}
	f := requireFound(t, got, "TestSynctestLosesAnUpdate")
	const inside = "main/synctest#1/testing#1/TestSynctestLosesAnUpdate"
	require.Equal(t, inside+"#1@TestSynctestLosesAnUpdate.Store#1>"+inside+"#2", f.Schedule.String())
	f = requireFound(t, got, "TestSynctestBlocks")
	require.Equal(t, sched.Panicked, f.Failure.Kind)
	require.Contains(t, f.Failure.Message, "deadlock: main bubble goroutine has exited but blocked goroutines remain")
	require.Equal(t, "TestSynctestBlocks (synctest_test.go:", f.Failure.Site[:len("TestSynctestBlocks (synctest_test.go:")])
	f = requireFound(t, got, "TestSynctestEscapes")
	require.Contains(t, f.Failure.Message, "an object of a bubble of testing/synctest is used from outside of it")
	for _, test := range []string{"TestSynctestRight", "TestSynctestLosesAnUpdate"} {
		require.Nil(t, got.ended[test].Timing, "the clock of such a bubble moves when all wait, and at no other time")
	}
}

func TestSubtestsAreExploredEachAloneAndParallelOnesTogether(t *testing.T) {
	got := exploredClock(t)
	for test, verdict := range map[string]string{
		"TestParts/right": drive.HeldAll, "TestParts/with_a_blank/in_it": drive.HeldAll, "TestParts/with_a_blank/in_it#01": drive.FoundSome,
		"TestParts/group": drive.FoundSome,
	} {
		require.Contains(t, got.ended, test)
		require.Equal(t, verdict, got.ended[test].Verdict, "%s: %s", test, got.ended[test].Because)
	}
	for test := range got.ended {
		require.NotContains(t, test, "/one", "parts that run side by side are one")
	}
	f := requireFound(t, got, "TestParts/group")
	require.Equal(t, "main/TestParts#1/TestParts#1@TestParts.Store#1>main/TestParts#1/TestParts#2", f.Schedule.String())
	f = requireFound(t, got, "TestParts/with_a_blank/in_it#01")
	require.Equal(t, "parts_test.go:25: 1 were counted", f.Failure.Message)
	require.Less(t, len(f.Outcome.Events), 40, "no other sub-test was executed")
}

func TestOneSubtestIsSelectedAndOneThatIsNotThereIsNoPass(t *testing.T) {
	exploredClock(t) // the build is cached then
	dir := copied(t, "clock")
	s := session(t, dir)
	s.Run = "TestParts/with/01"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 50, Seed: 1}
	got := explored(t, s, dir)
	require.Len(t, got.ended, 1)
	requireFound(t, got, "TestParts/with_a_blank/in_it#01")

	s.Run = Exactly("TestParts/gone")
	s.Order = drive.Order{Mode: drive.Replay, Test: "TestParts/gone"}
	got = explored(t, s, dir)
	require.Equal(t, drive.Unjudged, got.ended["TestParts/gone"].Verdict)
	require.Contains(t, got.ended["TestParts/gone"].Because, "TestParts has no sub-test TestParts/gone any more")
}

// survivors are schedules of testdata/clock. Where the random numbers lead is as in the build that found it.
func survivors(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, test := range []string{"TestAsk", "TestArguments", "TestRandom", "TestMapOrder", "TestDependency", "TestParts/with_a_blank/in_it#01", "TestSynctestLosesAnUpdate"} {
		all[test] = requireFound(t, exploredClock(t), test).Schedule.String()
	}
	return all
}

func TestTokensSurviveWhatChangesAroundTheirPlaces(t *testing.T) {
	tokens := survivors(t)
	for name, change := range map[string]struct {
		flags []string
		race  bool
		edit  func(text string) string
	}{
		"lines and a closure above": {edit: func(text string) string {
			text = strings.Replace(text, "\n)\n", "\n)\n"+strings.Repeat("\n// Another line.\n", 10)+"\nvar _ = func() int { return 1 }\n", 1)
			for _, head := range []string{
				"func ask(room int) (int, error) {\n", "func TestArguments(t *testing.T) {\n", "func add(n *atomic.Int32, by int32) {", "func TestDependency(t *testing.T) {\n",
				"func count(t *testing.T, atOnce bool) {\n", "func TestSynctestLosesAnUpdate(t *testing.T) {\n",
			} {
				text = strings.Replace(text, head, strings.TrimSuffix(head, "\n")+"\n\tfunc() { _ = func() {} }()\n", 1)
			}
			return text
		}},
		"another format": {edit: func(text string) string {
			return strings.ReplaceAll(strings.ReplaceAll(text, "\n\t", "\n"), "{\n", "{\n\n")
		}},
		"-race":       {race: true},
		"-gcflags=-l": {flags: []string{"-gcflags=-l"}},
		"-gcflags=-N": {flags: []string{"-gcflags=-N"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, "clock")
			if change.edit != nil {
				requireEdited(t, dir, change.edit)
			}
			b := builtClock(t, dir, change.race, change.flags)
			for test, schedule := range tokens {
				require.Equal(t, 1, b.replayed(t, test, schedule), "%s: %s", test, schedule)
			}
		})
	}
}

// requireEdited changes the tests of a module.
func requireEdited(t *testing.T, dir string, edit func(text string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		changed := edit(string(text))
		require.True(t, changed != string(text) || filepath.Base(file) == "pause_test.go", file)
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o644))
	}
}

// A builtBinary is a test binary that is built once, to replay several tokens.
type builtBinary struct{ *binary }

func builtClock(t *testing.T, dir string, race bool, flags []string) builtBinary {
	t.Helper()
	s := session(t, dir)
	s.Race, s.Flags = race, flags
	b := &binary{Session: s, of: Package{ImportPath: "example.com/clock", Name: "clock", Dir: dir}, folder: t.TempDir(), file: filepath.Join(t.TempDir(), "clock.test")}
	require.NoError(t, runtime.Build{
		Toolchain: s.Toolchain, Patch: s.Patch, Cache: s.Cache, Dir: dir, Package: ".", Output: b.file, Race: race, Flags: flags, Driver: Driver(),
	}.Run(t.Context()))
	return builtBinary{b}
}

// replayed is how often a schedule has failed.
func (b builtBinary) replayed(t *testing.T, test, schedule string) (n int) {
	t.Helper()
	order := drive.Order{Version: drive.Version, Mode: drive.Replay, Case: schedule, Test: test, Times: 1, LeaksAlways: true}
	output, _, err := b.execute(t.Context(), order, Exactly(test), func(_ context.Context, e drive.Event) {
		if e.Event == drive.Found {
			n += e.Finding.Replayed
		}
		require.NotEqual(t, drive.Refused, e.Event, e.Text)
	})
	require.NoError(t, err, output)
	return n
}

func TestATokenThatNoLongerFitsSaysAtWhichStepAndHow(t *testing.T) {
	exploredClock(t) // the build is cached then
	dir := copied(t, "clock")
	for schedule, says := range map[string]string{
		"main@ask.go#1>main/ask#1, main@ask.select#9>clock": "the schedule's places were not reached: main@ask.select#9 (main came there 1 time) [switch 2 of 2]",
		"main/ask#1@ask.sends#1>clock":                      "main/ask#1@ask.sends#1 (main/ask#1 came there 0 times) [switch 1 of 1]",
		"main/answer#1@ask.send#1>clock":                    "main/answer#1@ask.send#1 (there is no thread main/answer#1) [switch 1 of 1]",
		"main/ask#1@ask.send#1>main":                        "at main/ask#1@ask.send#1 thread main cannot go on; those that can: main/ask#1 [switch 1 of 1]",
		"seed=5, main/ask#1@ask.send#2>clock":               "main/ask#1@ask.send#2 (main/ask#1 came there 1 time) [switch 2 of 2]",
	} {
		s := session(t, dir)
		s.Run = Exactly("TestAsk")
		s.Order = drive.Order{Mode: drive.Replay, Case: schedule}
		got := explored(t, s, dir)
		require.Equal(t, drive.Unjudged, got.ended["TestAsk"].Verdict, schedule)
		require.Contains(t, got.ended["TestAsk"].Because, says)
	}
}

// It waits for ever, so a patience that is shorter than the default decides nothing. The others must get the processor within it.
func TestAGoroutineThatBlocksInTheSystemIsNamedAndTheOthersGoOn(t *testing.T) {
	dir := copied(t, "blocks")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 20, Seed: 1, Hang: 5 * time.Second}
	got := explored(t, s, dir)
	require.Equal(t, drive.Unjudged, got.ended["TestBlocks"].Verdict)
	require.Contains(t, got.ended["TestBlocks"].Because, "goroutine main blocks where the scheduler cannot see it, or loops, since it passed TestBlocks.Add (blocks_test.go:17)", "the point that it passed last")
	require.Equal(t, drive.HeldAll, got.ended["TestAfterItRight"].Verdict)
}
