package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/results"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/sched"
)

func TestADataRaceIsToldAtTheLineOfAnAccess(t *testing.T) {
	t.Parallel()
	here := fromHere(mustAbs(t, "box.go"))
	f := &sched.Failure{
		Kind:    sched.DataRace,
		Message: "(*Box).Put writes (box.go:26) what (*Box).Peek reads (box.go:38), and nothing orders the two",
		Stack: "WARNING: DATA RACE\nWrite at 0x00c0000896d0 by goroutine 79:\n  runtime.chansend()\n      /usr/local/go/src/runtime/chan.go:176 +0x0\n" +
			"  example.com/a.(*Box).Put()\n      " + mustAbs(t, "box.go") + ":26 +0x44\n",
	}
	file, line := placeOf(plain.Package{Dir: "/nowhere"}, &drive.PlainFinding{Failure: f})
	require.Equal(t, here, file)
	require.Equal(t, 26, line)
	require.Equal(t, "data race: the words", inALine(f, "the words"))
	f.Message = strings.Replace(f.Message, "Put writes (box.go:26)", "Put writes", 1) // the stack of the one is lost
	f.Stack += "Previous read at 0x00c0000896d0 by goroutine 7:\n  example.com/a.(*Box).Peek()\n      /elsewhere/box.go:38\n"
	file, line = placeOf(plain.Package{}, &drive.PlainFinding{Failure: f})
	require.Equal(t, "/elsewhere/box.go", file)
	require.Equal(t, 38, line)
	f.Message = "Go's race detector reported 1 in this execution, see above"
	file, _ = placeOf(plain.Package{}, &drive.PlainFinding{Failure: f})
	require.Empty(t, file, "no place is better than a wrong one")
}

func TestADeadlockIsToldInALineAndByWhoWaitsForWhat(t *testing.T) {
	t.Parallel()
	f := &sched.Failure{Kind: sched.Deadlock, Message: "no thread can go on: main waits in TestQueue (queue_test.go:22): sync.WaitGroup.Wait; " +
		"main/TestQueue#3 waits in (*Queue[...]).Put (queue.go:30): sync.Cond.Wait; main/TestQueue#4 waits in (*Queue[...]).Get (queue.go:44): sync.Cond.Wait; " +
		"main/TestQueue#5 waits in (*Queue[...]).Get (queue.go:44): sync.Cond.Wait"}
	require.Equal(t, "deadlock: main waits for sync.WaitGroup.Wait in TestQueue, main/TestQueue#3 for sync.Cond.Wait in (*Queue[...]).Put, and 2 more", inALine(f, "long"))
	leak := &sched.Failure{Kind: sched.Leak, Timing: true, Message: "the test has ended, and these goroutines can never go on: main/ask#1 waits in ask (classics.go:210): chan send"}
	require.Equal(t, "timing: leak: main/ask#1 waits for chan send in ask", inALine(leak, "long"))
	require.Equal(t, "nobody knows", inALine(&sched.Failure{Kind: sched.Deadlock}, "nobody knows"))
	require.Equal(t, "the queue lost one", inALine(&sched.Failure{Kind: sched.Failed}, "the queue lost one"))
}

func TestTheLineOfAFindingHasItsBeginningAndItsEnd(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a word", brief("a word"))
	line := brief("begins " + strings.Repeat("x", 5000) + " ends")
	require.Len(t, line, mostOfLine+len(" ... "))
	require.Regexp(t, `^begins x+ \.\.\. x+ ends$`, line)
}

func mustAbs(t *testing.T, name string) string {
	t.Helper()
	file, err := filepath.Abs(name)
	require.NoError(t, err)
	return file
}

func TestProgressOfChecksSaysForHowLong(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^explore: \d{4} s, building$`, (&checkRun{verb: "explore"}).doing(time.Now().Add(-time.Hour), "building"), "the same line again looks like nothing happens")
}

func TestTheFirstBuildOfAChecksTestsSaysSoToo(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", folder)
	require.Equal(t, "building", (&checkRun{}).building(), "markers need no other standard library")
	r := &checkRun{byRuntime: []string{"example.com/a"}}
	require.Equal(t, "building Go's standard library, once, and the tests", r.building())
	cache, err := runtime.DefaultCache()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(cache.Dir, "build", "00"), 0o700))
	require.Equal(t, "building", r.building())
}

// A stranger's first call takes a minute or more, and "building" alone looked as if his own package took that long.
func TestTheFirstBuildSaysThatItBuildsTheStandardLibraryOnce(t *testing.T) {
	t.Parallel()
	cache := runtime.Cache{Dir: t.TempDir()}
	p := plain.Package{}
	p.ImportPath = "example.com/a"
	require.Equal(t, "building Go's standard library, once, and example.com/a", building(cache, p))
	require.NoError(t, os.MkdirAll(filepath.Join(cache.Dir, "build", "00"), 0o700))
	require.Equal(t, "building example.com/a", building(cache, p))
}

func TestTheFlagIsNamedAndNotTheOption(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	r := &plainRun{verb: "explore", out: &said, line: newProgressLine("explore"), tell: &teller{}, counts: map[string]int{}, texts: map[string]string{}, passed: map[string]uint64{}}
	r.ended(plain.Package{}, drive.Event{Test: "TestX", Plain: &drive.PlainSummary{Verdict: drive.Unjudged, Because: "no end: raise Options.StepLimit, which is 10"}})
	require.Contains(t, said.String(), "raise --step-limit, which is 10")
}

// Two goroutines that write a plain variable held, and nothing said that nobody had looked at that.
func TestATestThatHeldWithoutTheDetectorSaysWhatWasNotChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		verdict    string
		race, says bool
	}{{drive.HeldAll, false, true}, {drive.HeldAll, true, false}, {drive.Sequential, false, false}, {drive.FoundSome, false, false}} {
		var said bytes.Buffer
		r := &plainRun{verb: "explore", out: &said, tell: &teller{}, counts: map[string]int{c.verdict: 1}, race: c.race}
		require.NoError(t, r.conclude(nil))
		const words = "uses of shared memory without sync, sync/atomic or channels are no places for a switch; --race looks for them\n"
		require.Equal(t, c.says, strings.Contains(said.String(), words), "%+v", c)
	}
}

// A schedule that strayed in a process of its own is told with how many there were, and what differed.
func TestWhatStrayedIsTold(t *testing.T) {
	t.Parallel()
	summary := &drive.PlainSummary{Verdict: drive.HeldAll, Because: "the number of schedules is reached", Strayed: "at choice 6"}
	summary.Statistics.Strayed, summary.Timing = 2, &drive.PlainTiming{}
	summary.Timing.Statistics.Strayed = 1
	require.Contains(t, closing(drive.Event{Test: "TestX", Plain: summary}, false),
		"strayed: 3 schedules of TestX went another way when they were executed again, so no bound is claimed; the first: at choice 6\n")
}

// A run may take what needs a timer to fire early for no failure, and nothing else.
func TestWhatNeedsAnEarlyTimerIsNoFailureIfThatIsOK(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ok, early, known bool }{{true, true, true}, {true, false, false}, {false, true, false}} {
		r := &plainRun{verb: "explore", timing: c.ok, tell: &teller{}, session: &plain.Session{}, findings: map[string][]results.Finding{}}
		p := plain.Package{Dir: t.TempDir()}
		p.ImportPath = "example.com/a"
		f := &sched.Failure{Kind: sched.Leak, Site: "ask: chan send", Timing: c.early}
		text := r.found(p, &drive.Event{Test: "TestX", Finding: &drive.PlainFinding{Failure: f, Outcome: sched.Outcome{Failure: f}}})
		findings := r.findings["example.com/a TestX"]
		require.Len(t, findings, 1)
		require.Equal(t, c.known, findings[0].Known != "", "%+v", c)
		require.Equal(t, c.known, strings.Contains(text, "known: example.com/a TestX: timing: leak in ask: chan send\n"))
		require.Equal(t, c.early && !c.ok, strings.Contains(text, "--timing=ok makes"), text)
		outcome := outcomeOf(&drive.PlainSummary{Verdict: drive.FoundSome}, findings, false)
		require.Equal(t, c.known, outcome == results.Pass)
	}
}

// What was found when a run was interrupted is kept, and the line says how to make it smaller.
func TestAFindingThatWasBeingMadeSmallerIsKept(t *testing.T) {
	t.Parallel()
	p := plain.Package{Dir: t.TempDir()}
	p.ImportPath = "example.com/a"
	schedule, err := sched.ParseSchedule("main/g#1@F.Lock#1>main")
	require.NoError(t, err)
	e := &drive.Event{Event: drive.Abandoned, Test: "TestX/a", Finding: &drive.PlainFinding{
		Failure: &sched.Failure{Kind: sched.Failed, Site: "a_test.go:7"}, Schedule: schedule, Apart: drive.ApartFirst,
	}}
	r := &plainRun{race: true, flags: []string{"-tags=slow"}, session: &plain.Session{}}
	r.order.Atomic = []string{"example.com/log"}
	text := r.abandoned(p, e)
	require.Regexp(t, `^kept: testdata/racewindow/TestX/[0-9a-f]{16}\.case, as it was found; racewindow report --shrink --race --build=-tags=slow --atomic=example.com/log \S+\.case example.com/a makes it smaller\n$`, text)
	files, err := filepath.Glob(filepath.Join(p.Dir, "testdata", "racewindow", "TestX", "*.case"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Contains(t, text, files[0], "it is elsewhere than here")
	token, about, err := plain.ReadToken(files[0])
	require.NoError(t, err)
	require.Equal(t, plain.Token{Test: "TestX/a", Alone: true, Schedule: schedule}, token)
	require.Equal(t, "TestX/a: failed in a_test.go:7\n", about)
	require.Equal(t, "racewindow report --shrink --race --build=-tags=slow --atomic=example.com/log 'v1 test=TestX/a; alone; @ main/g#1@F.Lock#1>main' example.com/a", r.shrinking(p, "", token))
}

// A line that is pasted where another release of Go is in use selects the one of the search.
func TestTheReplayLineSelectsTheReleaseOfGo(t *testing.T) {
	t.Parallel()
	for version, line := range map[string]string{
		"go1.26.8":             "GOTOOLCHAIN=go1.26.8 racewindow replay --race --build=-tags=slow 'v1 test=TestX' example.com/a",
		"go1.26.8 X:nodwarf5":  "racewindow replay --race --build=-tags=slow 'v1 test=TestX' example.com/a",
		"devel go1.28-0123456": "racewindow replay --race --build=-tags=slow 'v1 test=TestX' example.com/a",
	} {
		r := &plainRun{race: true, flags: []string{"-tags=slow"}, session: &plain.Session{Toolchain: runtime.Toolchain{Version: version}}}
		f := &drive.PlainFinding{Failure: &sched.Failure{Kind: sched.Failed}, Outcome: sched.Outcome{Failure: &sched.Failure{Kind: sched.Failed}}}
		told := r.reportOf(plain.Package{ImportPath: "example.com/a"}, &drive.Event{Test: "TestX", Finding: f}, plain.Token{Test: "TestX"})
		require.Equal(t, line, told.Replay, version)
	}
}
