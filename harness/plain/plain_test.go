package plain

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// Tests of this package build the standard library with hooks, once for each version of Go and of the edits, into the cache that the
// racewindow command has: no other package's tests do. They run one after the other, since two go commands would build it twice.

// session opens the toolchain of this test, where it is supported.
func session(t *testing.T, dir string) *Session {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the standard library")
	}
	var env []string
	if version := os.Getenv("RACEWINDOW_TEST_GO"); version != "" { // another version of Go than the one that runs this test
		env = append(os.Environ(), "GOTOOLCHAIN="+version)
	}
	s, err := Open(t.Context(), dir, env)
	var unsupported *runtime.UnsupportedError
	if errors.As(err, &unsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return s
}

// told is what a session tells of a package's tests.
type told struct {
	ended    map[string]*drive.PlainSummary
	findings map[string][]drive.Event
}

func explored(t *testing.T, s *Session, dir string) told {
	t.Helper()
	all, err := List(t.Context(), dir, nil, nil, []string{"."})
	require.NoError(t, err)
	require.Len(t, all, 1)
	got := told{map[string]*drive.PlainSummary{}, map[string][]drive.Event{}}
	s.Event = func(_ Package, e drive.Event) {
		switch e.Event {
		case drive.Ended:
			got.ended[e.Test] = e.Plain
		case drive.Found:
			got.findings[e.Test] = append(got.findings[e.Test], e)
		}
	}
	require.NoError(t, s.Explore(t.Context(), all[0]))
	for _, name := range all[0].Tests {
		if s.Run == "" {
			named := slices.ContainsFunc(slices.Collect(maps.Keys(got.ended)), func(test string) bool { return test == name || strings.HasPrefix(test, name+"/") })
			require.True(t, named, "each test gets a word, or each of its sub-tests: %s", name)
		}
	}
	return got
}

// copied copies a module of testdata, so that whatever the exploration does to it can be seen.
func copied(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))))
	return dir
}

func TestTheClassicsAreFoundAndTheirFixesHold(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 400, Seed: 1}
	got := explored(t, s, dir)
	for name, at := range map[string]struct {
		kind, site string
		switches   int
	}{
		"TestLog": {"failed", "classics_test.go:27", 1}, "TestCond": {"deadlock", "(*Box).Get: sync.Cond.Wait, testCond: chan receive", 1},
		"TestLockOrder": {"deadlock", "Transfer: sync.Mutex.Lock, testTransfer: sync.WaitGroup.Wait", 1}, "TestFeed": {"panic", "(*Feed).Send (classics.go:174)", 1},
		"TestAsk": {"leak", "ask: chan send", 0}, "TestSum": {"failed", "classics_test.go:90", 0},
	} {
		require.Equal(t, drive.FoundSome, got.ended[name].Verdict, name)
		require.Len(t, got.findings[name], 1)
		f := got.findings[name][0].Finding
		require.Equal(t, at.kind, string(f.Failure.Kind), name)
		require.Equal(t, at.site, f.Failure.Site, name)
		require.Len(t, f.Schedule, at.switches, "%s: %s", name, f.Schedule)
		require.Equal(t, 5, f.Replays)
		require.Equal(t, 5, f.Replayed, "%s fails in each of five fresh processes: %s", name, f.Schedule)
		require.Equal(t, drive.HeldAll, got.ended[name+"Right"].Verdict, "%sRight: %s", name, got.ended[name+"Right"].Because)
		require.NotEmpty(t, got.ended[name+"Right"].Exhausted)
	}
	requireUntouched(t, dir, "classics")
}

// requireUntouched says that nothing of the module has changed, nor what it requires.
func requireUntouched(t *testing.T, dir, name string) {
	t.Helper()
	diff, err := exec.Command("diff", "-r", filepath.Join("testdata", name), dir).CombinedOutput()
	require.NoError(t, err, string(diff))
	list := exec.Command("go", "list", "-m", "all")
	list.Dir = dir
	modules, err := list.Output()
	require.NoError(t, err)
	require.Equal(t, "example.com/"+name, strings.TrimSpace(string(modules)), "it requires nothing, and so not racewindow")
}

func TestATokenReplaysAHundredTimesInAFreshProcess(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	token, err := ParseToken("v1 test=TestCond; @ main/testCond#1@(*Box).Get.Lock#2>main/(*Box).Put#1")
	require.NoError(t, err)
	s.Run = Exactly(token.Test)
	s.Order = drive.Order{Mode: drive.Replay, Case: token.Schedule.String(), Times: 100}
	got := explored(t, s, dir)
	require.Len(t, got.findings[token.Test], 1)
	require.Equal(t, 100, got.findings[token.Test][0].Finding.Replayed)
}

// A name that survives edits is worth nothing if it only seems to.
func TestATokenSurvivesLinesAndAClosureAboveItsPlaces(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	for name, edit := range map[string][2]string{
		"classics.go":      {"func (b *Box) Get() {\n", "func (b *Box) Get() {\n\tfunc() {\n\t\t_ = b\n\t}()\n"},
		"classics_test.go": {"func testCond(get func(*Box)) {\n", strings.Repeat("\n", 10) + "func testCond(get func(*Box)) {\n\tfunc() {}()\n"},
	} {
		file := filepath.Join(dir, name)
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		changed := strings.Replace(string(content), edit[0], edit[1], 1)
		require.NotEqual(t, string(content), changed)
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o644))
	}
	s.Run = Exactly("TestCond")
	s.Order = drive.Order{Mode: drive.Replay, Case: "main/testCond#1@(*Box).Get.Lock#2>main/(*Box).Put#1", Times: 3}
	got := explored(t, s, dir)
	require.Len(t, got.findings["TestCond"], 1, "%+v", got.ended["TestCond"])
	require.Equal(t, 3, got.findings["TestCond"][0].Finding.Replayed)
}

func TestASwitchThatCannotBeMadeIsNeverPassedSilently(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	s.Run = Exactly("TestCond")
	s.Order = drive.Order{Mode: drive.Replay, Case: "main/testCond#1@(*Box).Get.Lock#20>main/(*Box).Put#1"}
	got := explored(t, s, dir)
	require.Equal(t, drive.Unjudged, got.ended["TestCond"].Verdict)
	require.Contains(t, got.ended["TestCond"].Because, "the schedule's places were not reached: main/testCond#1@(*Box).Get.Lock#20 (main/testCond#1 came there 2 times)")
}

func TestWhateverAPlainTestDoesIsJudgedOrSaysWhyNot(t *testing.T) {
	dir := copied(t, "shapes")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1}
	got := explored(t, s, dir)
	for name, verdict := range map[string]string{
		"TestSequential/part": drive.Sequential, "TestSkips": drive.SkippedItself, "TestPackageCounter": drive.HeldAll, "TestSynctest": drive.Sequential,
		"TestExits": drive.FoundSome, "TestLogsLate": drive.FoundSome, "TestParallelParts/all": drive.FoundSome, "TestSelectTakesAnyReadyCase": drive.FoundSome,
		"TestUnlocksTwice": drive.FoundSome, "TestPanicsInWaitGroup": drive.FoundSome, "TestPipeIsClosedTwice": drive.FoundSome,
		"TestConnectionInMemoryIsClosed": drive.FoundSome, "TestListenerIsClosed": drive.FoundSome, "TestPipesRight": drive.HeldAll, "TestPollsTheClock": drive.HeldAll, "TestTimersRight": drive.Sequential, "TestFileIsMadeOnce": drive.FoundSome, "TestFileOfARootIsMadeOnce": drive.FoundSome,
		"TestPipeRight": drive.HeldAll, "TestLeaksAlways": drive.HeldAll, "TestSpinsRight": drive.HeldAll,
		"TestNamedGoroutines": drive.FoundSome, "TestGeneric": drive.FoundSome, "TestSendsWhileClosing": drive.FoundSome, "TestPoolRight": drive.HeldAll, "TestWokenGoesOn": drive.FoundSome,
	} {
		require.Contains(t, got.ended, name)
		require.Equal(t, verdict, got.ended[name].Verdict, "%s: %s", name, got.ended[name].Because)
		for _, f := range got.findings[name] {
			require.Equal(t, f.Finding.Replays, f.Finding.Replayed, name)
		}
	}
	require.Empty(t, got.ended["TestPoolRight"].Apart, "what an execution has put into a pool is not for the next")
	require.Regexp(t, `came to main@TestPackageCounter\.(go|Lock) \(shapes_test\.go:\d+\) the first time`, got.ended["TestPackageCounter"].Apart, "the first place that differed")
	require.Equal(t, []string{"leak in TestLeaksAlways: select (no cases)"}, got.ended["TestLeaksAlways"].Leaks)
	require.Equal(t, "main@TestSelectTakesAnyReadyCase.select.case#1=1", got.findings["TestSelectTakesAnyReadyCase"][0].Finding.Schedule.String())
	require.Equal(t, "main/count#1@count.Store#1>main/count#2", got.findings["TestNamedGoroutines"][0].Finding.Schedule.String())
	require.Equal(t, "main/TestGeneric#1@(*cell[...]).change.Lock#2>main/TestGeneric#2", got.findings["TestGeneric"][0].Finding.Schedule.String())
	require.Equal(t, sched.Exited, got.findings["TestExits"][0].Finding.Failure.Kind, "no panic")
	require.Equal(t, "main/TestExits#1", got.findings["TestExits"][0].Finding.Failure.Thread, "not a number")
	require.Equal(t, "os.Exit(3) ends the process", got.findings["TestExits"][0].Finding.Failure.Message, "no fatal error")
	requireUntouched(t, dir, "shapes")
}

func TestWhichFilesAreReadyDoesNotDependOnWhen(t *testing.T) {
	dir := copied(t, "shapes")
	s := session(t, dir)
	s.Run = Exactly("TestPipeAfterASlowCall")
	s.Order = drive.Order{Mode: drive.Explore, Strategy: "bounded", Preemptions: 2, Seed: 1}
	got := explored(t, s, dir)
	end := got.ended["TestPipeAfterASlowCall"]
	require.Equal(t, drive.HeldAll, end.Verdict, end.Because)
	require.Empty(t, end.Apart, "each execution could be repeated in one process")
}

func TestWhereAGoroutineWaitsInASelectDoesNotDependOnAddresses(t *testing.T) {
	dir := copied(t, "shapes")
	s := session(t, dir)
	s.Run = Exactly("TestSharedConnectionRight")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 20_000, Seed: 1}
	got := explored(t, s, dir)
	end := got.ended["TestSharedConnectionRight"]
	require.Equal(t, drive.HeldAll, end.Verdict, end.Because)
	require.Empty(t, end.Apart, "each execution could be repeated in one process")
}

func TestWhatIsPrintedIsNoChoice(t *testing.T) {
	dir := copied(t, "shapes")
	s := session(t, dir)
	s.Run = Exactly("TestPrintsRight")
	s.Order = drive.Order{Mode: drive.Explore, Strategy: "bounded", Preemptions: 1, Seed: 1}
	end := explored(t, s, dir).ended["TestPrintsRight"]
	require.Equal(t, drive.HeldAll, end.Verdict, end.Because)
	require.Len(t, end.Exhausted, 2)
	require.Less(t, end.Exhausted[1].Schedules, uint64(30), "with a preemption at each of twenty lines there would be more")
}

func TestASwitchMayComeBeforeAConnectionIsWritten(t *testing.T) {
	dir := copied(t, "shapes")
	s := session(t, dir)
	s.Run = Exactly("TestSendsWhileClosing")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 400, Seed: 1}
	got := explored(t, s, dir)
	require.Equal(t, drive.FoundSome, got.ended["TestSendsWhileClosing"].Verdict, got.ended["TestSendsWhileClosing"].Because)
	f := got.findings["TestSendsWhileClosing"][0].Finding
	require.Contains(t, f.Schedule.String(), "@(*sender).send.Write#1>main", "where it is closed meanwhile")
	require.Equal(t, f.Replays, f.Replayed)
}

// A pipe or a listener was closed in one step with what was done before that, and read in one with what was done before.
func TestASwitchMayComeBeforeAPipeOrAListenerIsClosed(t *testing.T) {
	dir := copied(t, "shapes")
	s := session(t, dir)
	s.Run = "TestPipe(IsClosedTwice|sRight)|TestConnectionInMemory|TestListener"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 400, Seed: 1}
	got := explored(t, s, dir)
	for test, schedule := range map[string]string{
		"TestPipeIsClosedTwice":          "main/TestPipeIsClosedTwice#1@TestPipeIsClosedTwice.Close#1>main/TestPipeIsClosedTwice#2",
		"TestConnectionInMemoryIsClosed": "main@TestConnectionInMemoryIsClosed.go#1>main/TestConnectionInMemoryIsClosed#1, main/TestConnectionInMemoryIsClosed#1@TestConnectionInMemoryIsClosed.Close#1>main",
		"TestListenerIsClosed":           "main@TestListenerIsClosed.go#1>main/TestListenerIsClosed#1, main/TestListenerIsClosed#1@TestListenerIsClosed.Close#1>main",
	} {
		f := requireFound(t, got, test)
		require.Equal(t, schedule, f.Schedule.String())
	}
	require.Equal(t, drive.HeldAll, got.ended["TestPipesRight"].Verdict, got.ended["TestPipesRight"].Because)
	require.NotEmpty(t, got.ended["TestPipesRight"].Exhausted)
}

// WaitGroup.Go raises a panic again, so that the first line of the stack was its own.
func TestThePanicOfAWaitGroupsGoroutineIsWhereItWasRaised(t *testing.T) {
	dir := copied(t, "shapes")
	s := session(t, dir)
	s.Run = Exactly("TestPanicsInWaitGroup")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 10, Seed: 1}
	f := requireFound(t, explored(t, s, dir), "TestPanicsInWaitGroup")
	require.Equal(t, "panic in panicsAtTwo (panics_test.go:21)", f.Failure.Class())
	require.Equal(t, "panic: two of them", f.Failure.Message)
	lines := strings.Split(f.Failure.Stack, "\n")
	for i := 1; i < len(lines); i += 2 {
		lines[i] = "\t" + filepath.Base(lines[i])
	}
	require.Equal(t, []string{
		"example.com/shapes.panicsAtTwo", "\tpanics_test.go:21", "example.com/shapes.TestPanicsInWaitGroup.func1", "\tpanics_test.go:14", "",
	}, lines)
}

func TestABinaryWithoutADriverRefusesToStart(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	b := runtime.Build{Toolchain: s.Toolchain, Patch: s.Patch, Cache: s.Cache, Dir: dir, Package: ".", Output: filepath.Join(t.TempDir(), "classics.test")}
	require.NoError(t, b.Run(context.WithoutCancel(t.Context())))
	said, err := exec.Command(b.Output).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 2, exit.ExitCode())
	require.Contains(t, string(said), "racewindow: this program was built with racewindow's runtime and has no driver")
}

func TestWhatDoesNotStopIsNotJudgedAndToldWithoutFailpoints(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/spins\n\ngo 1.25\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a_test.go"), []byte("package spins\n\nimport \"testing\"\n\nvar n int\n\n"+
		"func TestSpins(t *testing.T) {\n\tfor {\n\t\tn++\n\t}\n}\n"), 0o644))
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 10, Seed: 1, Hang: 200 * time.Millisecond}
	got := explored(t, s, dir).ended["TestSpins"]
	require.Equal(t, drive.Unjudged, got.Verdict)
	require.Contains(t, got.Because, "no thread has come to an operation of sync, sync/atomic, channels or files for 200ms: goroutine main blocks where the scheduler cannot see it")
	require.Contains(t, got.Because, "A loop that computes for long")
	require.NotContains(t, got.Because, "failpoint", "the code has none")
}
