package plain

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/script"
)

// exploredAlarms explores testdata/alarms, whose tests pass.
func exploredAlarms(t *testing.T, dir string, race bool) told {
	t.Helper()
	s := session(t, dir)
	s.Race = race
	s.Run = "Test([^O]|Others)"
	s.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 40, Seed: 1}
	got := explored(t, s, dir)
	requireAlarms(t, got)
	return got
}

func requireAlarms(t *testing.T, got told) {
	t.Helper()
	for test, ended := range got.ended {
		if strings.HasSuffix(test, "Right") {
			require.Equal(t, drive.HeldAll, ended.Verdict, "%s: %s, %v", test, ended.Because, got.findings[test])
			require.Empty(t, ended.Apart, test)
		}
	}
}

// names are those of the files in a folder.
func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// What a package had read of the clock before the tests began lay a quarter of a century after what they read, stacks were those of a bubble,
// and allocations of the scheduler's were counted as the test's.
func TestWhatPassesWithoutExplorationHoldsInIt(t *testing.T) {
	dir := copied(t, "alarms")
	got := exploredAlarms(t, dir, false)
	require.Equal(t, []string{"again", "alarms_test.go", "callers_test.go", "files_test.go", "go.mod", "mine.txt", "own.gone", "own.removed", "parts_test.go", "ports_test.go", "root_test.go", "temporary_test.go", "theirs"}, names(t, dir))
	require.Equal(t, []string{"file", "folder", "link", "renamed", "symlink"}, names(t, filepath.Join(dir, "theirs")), "what others have made is not removed")
	mine, err := os.ReadFile(filepath.Join(dir, "mine.txt"))
	require.NoError(t, err)
	require.Equal(t, "of the user\n", string(mine), "what was moved is moved back, and not removed")
	for test, class := range map[string]string{
		"TestWaitsForEverWithFiles": "deadlock in TestWaitsForEverWithFiles: select (no cases)", "TestPanicsWithFiles": "panic in TestPanicsWithFiles (files_test.go:57)",
		"TestFailsWithFiles": "failed in files_test.go:84", "TestFailsWithAFileMoved": "failed in files_test.go:73",
		"TestFailsWithAFileMovedOverAnother": "failed in files_test.go:135", "TestFailsWhereOthersMake": "failed in files_test.go:164",
		"TestFailsWhereOthersMakeAgain": "failed in files_test.go:184", "TestFailsWithFilesOfARoot": "failed in root_test.go:33",
		"TestFailsWithAFileMovedInARoot": "failed in root_test.go:49", "TestFailsWhereOthersMakeInARoot": "failed in root_test.go:67",
	} {
		require.Equal(t, class, requireFound(t, got, test).Failure.Class(), "what one execution has left behind is not there for the next")
		require.Empty(t, got.ended[test].Apart, test)
	}
	for _, test := range []string{"TestLeavesFiles", "TestLeavesFilesInParts/one", "TestLeavesFilesInParts/other"} {
		require.Contains(t, got.ended, test)
		require.Equal(t, drive.HeldAll, got.ended[test].Verdict, "%s: %s", test, got.ended[test].Because)
		require.NotEmpty(t, got.ended[test].Apart, "what it leaves is not there for another process")
	}
	require.Contains(t, got.ended["TestLeavesFilesInParts/one"].Apart, ". Executions leave files behind, which the next one finds: one, one.log, one.link")
	for _, test := range []string{"TestPartsInOrderRight", "TestPartsWithoutNamesRight"} {
		require.Contains(t, got.ended, test, "its parts cannot be explored alone")
	}
	counts := got.ended["TestCountsAllocations"]
	require.Equal(t, drive.Unjudged, counts.Verdict, "%+v", counts)
	require.Contains(t, counts.Because, "the test counts allocations, in TestCountsAllocations (alarms_test.go:")
	require.Contains(t, counts.Because, ", and those of the exploration are counted too: alarms_test.go:")
}

func TestWhatPassesWithoutExplorationHoldsInItUnderRace(t *testing.T) {
	exploredAlarms(t, copied(t, "alarms"), true)
}

func TestWhatPassesWithoutExplorationHoldsInAProcessForEachSchedule(t *testing.T) {
	dir := copied(t, "alarms")
	s := session(t, dir)
	s.Run = "Right$"
	s.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 10, Seed: 1, Apart: drive.ApartFirst}
	got := explored(t, s, dir)
	require.Len(t, got.ended, 12)
	for test, ended := range got.ended {
		require.Equal(t, drive.HeldAll, ended.Verdict, "%s: %s", test, ended.Because)
	}
}

// The clock outside of bubbles is the driver's too, so a budget must end all the same.
func TestABudgetEndsByTheClockOutsideOfBubbles(t *testing.T) {
	dir := copied(t, "alarms")
	s := session(t, dir)
	s.Run = "TestEpochRight"
	s.Env = append(os.Environ(), "TZ=America/New_York")
	s.Order = drive.Order{Mode: drive.Explore, Budget: 300e6, Strategy: "random", Seed: 1}
	got := explored(t, s, dir)
	took := got.ended["TestEpochRight"].Statistics.Duration
	require.Greater(t, took.Milliseconds(), int64(200))
	require.Less(t, took.Seconds(), 10.)
}

// A port that another process had was told as found.
func TestWhatNoFreshProcessShowsIsNotFound(t *testing.T) {
	dir := copied(t, "alarms")
	s := session(t, dir)
	s.Run = "TestOutside"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 10, Seed: 1, Apart: drive.ApartFirst}
	got := explored(t, s, dir)
	require.Empty(t, got.findings)
	require.Equal(t, drive.Unrepeatable, got.ended["TestOutside"].Verdict)
	require.Contains(t, got.ended["TestOutside"].Because, "a schedule failed (failed in files_test.go:122), but none of 5 fresh processes shows that again: something outside of the process caused it")
}

// A server that a test leaves held its port in the process that starts those for single schedules, and so did processes that were started
// ahead. So no test that listens on a fixed port was judged.
func TestAFixedPortIsFreeForEachSchedule(t *testing.T) {
	dir := copied(t, "alarms")
	s := session(t, dir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	s.Env = append(os.Environ(), "RACEWINDOW_TEST_ADDRESS="+address)
	s.Run = "TestOnOnePort"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 20, Seed: 1}
	got := explored(t, s, dir)
	require.Equal(t, drive.HeldAll, got.ended["TestOnOnePort"].Verdict, got.ended["TestOnOnePort"].Because)
	require.Empty(t, got.ended["TestOnOnePort"].Apart)
	require.Equal(t, drive.FoundSome, got.ended["TestOnOnePortFails"].Verdict, got.ended["TestOnOnePortFails"].Because)
	require.Contains(t, got.findings["TestOnOnePortFails"][0].Finding.Failure.Message, "on one port")
}

// The searching process may no longer show what it has found, above all where the network is used. The report then had the steps of whatever
// its last execution did.
func TestAFreshProcessMakesTheReportThatTheSearchCannotMake(t *testing.T) {
	t.Parallel()
	failure := &sched.Failure{Kind: sched.Failed, Message: "failed"}
	told := func(o sched.Outcome) string {
		text, err := json.Marshal(drive.Event{Event: drive.Found, Test: "TestX", Code: 1, Finding: &drive.PlainFinding{Failure: failure, Outcome: o, Change: "none"}})
		require.NoError(t, err)
		return string(text)
	}
	steps := sched.Outcome{Failure: failure, Events: []sched.Event{{Step: 1, Thread: "main", Text: "Lock"}}}
	file := script.New(t, "file=$(printf %s \"$"+drive.Variable+"\" | sed 's/.*\"events\":\"\\([^\"]*\\)\".*/\\1/')\n"+ // stands for a test binary
		"case \"$"+drive.Variable+"\" in *'\"mode\":\"report\"'*) cat >>\"$file\" <<'END'\n"+told(steps)+"\nEND\n;; *) cat >>\"$file\" <<'END'\n"+told(sched.Outcome{Failure: failure})+"\nEND\n;; esac\n")
	b := &binary{Session: &Session{Again: 3, Order: drive.Order{Mode: drive.Explore}}, folder: t.TempDir(), file: file}
	e := drive.Event{Event: drive.Found, Test: "TestX", Finding: &drive.PlainFinding{Failure: failure, Outcome: sched.Outcome{Failure: failure}}}
	b.again(t.Context(), &e)
	require.Equal(t, 3, e.Finding.Replayed)
	require.Equal(t, steps.Events, e.Finding.Outcome.Events)
	require.Equal(t, "none", e.Finding.Change)
}

// A machine may have no room for another process for a moment. That was told as a finding that no fresh process shows, so the finding was lost.
func TestAProcessThatCannotBeStartedDoesNotTakeAFindingAway(t *testing.T) {
	t.Parallel()
	var found []drive.Event
	b := &binary{Session: &Session{Again: 5, Order: drive.Order{Mode: drive.Explore}}, folder: t.TempDir(), file: filepath.Join(t.TempDir(), "none")}
	b.Event = func(_ Package, e drive.Event) { found = append(found, e) }
	for _, apart := range []string{drive.ApartNone, drive.ApartFirst} {
		f := &drive.PlainFinding{Failure: &sched.Failure{Kind: sched.Failed}, Apart: apart}
		b.take(t.Context(), drive.Event{Event: drive.Found, Test: "TestX", Code: 1, Finding: f})
		require.Zero(t, f.Replays)
		require.Nil(t, b.astray)
		require.Equal(t, f, found[len(found)-1].Finding)
	}
	require.Len(t, found, 2)
}

// Processes that are started ahead may disturb each other, so that they show what no process alone shows: a port that is taken.
func TestWhatOnlyProcessesOfTheSearchShowIsNotFound(t *testing.T) {
	t.Parallel()
	holds, err := exec.LookPath("true") // as a test binary that shows nothing
	require.NoError(t, err)
	for _, c := range []struct {
		apart    string
		kind     sched.Kind
		verdict  string
		findings int
	}{
		{drive.ApartFirst, sched.Failed, drive.Unrepeatable, 0},
		{drive.ApartWarm, sched.Panicked, drive.Unrepeatable, 0},
		{drive.ApartFirst, sched.DataRace, drive.FoundSome, 1}, // the detector need not report it each time
	} {
		var found []drive.Event
		var ended drive.Event
		b := &binary{Session: &Session{Again: 5, Order: drive.Order{Mode: drive.Explore}}, folder: t.TempDir(), file: holds}
		b.Event = func(_ Package, e drive.Event) {
			if ended = e; e.Event == drive.Found {
				found = append(found, e)
			}
		}
		f := &drive.PlainFinding{Failure: &sched.Failure{Kind: c.kind}, Apart: c.apart}
		b.take(t.Context(), drive.Event{Event: drive.Found, Test: "TestX", Code: 1, Finding: f})
		b.take(t.Context(), drive.Event{Event: drive.Ended, Test: "TestX", Code: 1, Plain: &drive.PlainSummary{Verdict: drive.FoundSome, Findings: 1}})
		require.Equal(t, 5, f.Replays)
		require.Zero(t, f.Replayed)
		require.Len(t, found, c.findings, c)
		require.Equal(t, c.verdict, ended.Plain.Verdict, c)
		if c.findings == 0 {
			require.Equal(t, 3, ended.Code)
			require.Contains(t, ended.Plain.Because, "but none of 5 fresh processes shows that again")
		}
	}
}
