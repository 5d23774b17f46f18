// The command as its users meet it: a process with arguments, an exit code, and two streams.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/stress"
	"github.com/racewindow/racewindow/storage"
)

// commandVariable makes this test binary the command itself, instrumented as it is.
const commandVariable = "RACEWINDOW_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) == "1" {
		placeWithoutRuntime()
		main() // with its signals; it does not return
	}
	os.Exit(m.Run())
}

// command runs racewindow with these arguments.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), commandVariable+"=1", "GORACE=atexit_sleep_ms=0")
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || errors.As(err, &exit), "%v", err)
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

// requireInstrumented skips a test that needs failpoints to fire, or fails it where all must run.
func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// needsBuilds skips a test in short runs, because the command that it calls builds modules.
func needsBuilds(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds modules with the go command; tests without -short do, as make test does")
	}
}

func TestWrongCallsEndWithTwoAndSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args     []string
		messages []string
	}{
		{[]string{"sterss"}, []string{`"sterss"`, "See 'racewindow --help'"}},
		{[]string{"--verbose"}, []string{"unknown flag: --verbose"}},
		{[]string{"failpoints", "read"}, []string{`package read is not in std`, "See 'racewindow failpoints --help'"}},
		{[]string{"failpoints", "--yaml"}, []string{"unknown flag: --yaml"}},
		{[]string{"stress", "stale"}, []string{`package stale is not in std`, "See 'racewindow stress --help'"}},
		{[]string{"kill", "stale"}, []string{`package stale is not in std`, "See 'racewindow kill --help'"}},
		{[]string{"stress", "--hand-over", "stale"}, []string{"unknown flag: --hand-over"}},
		{[]string{"stress", "--handover", "rechek"}, []string{`no hand-over is called "rechek"`, "fallback, recheck, recheckliteral, retain, snapshot, stale"}},
		{[]string{"stress", "--goroutines", "many"}, []string{`"many" for "--goroutines"`}},
		{[]string{"stress", "--duration", "10"}, []string{`"10" for "--duration"`}},
		{[]string{"stress", "--delay", "often"}, []string{`"often" for "--delay"`}},
		{[]string{"stress", "--goroutines"}, []string{"flag needs an argument: --goroutines"}},
		{[]string{"stress", "--goroutines", "0"}, []string{"--goroutines 0: must not be zero", "10000"}},
		{[]string{"stress", "--duration", "0s"}, []string{"--duration 0s: must not be zero", "10s"}},
		{[]string{"stress", "--records=0"}, []string{"--records 0: must not be zero"}},
		{[]string{"stress", "--delay-mix", "1,2"}, []string{"--delay-mix [1 2]: three weights"}},
		{[]string{"stress", "--delay-mix", "0,0,0"}, []string{"--delay-mix [0 0 0]", "at least one above zero"}},
	} {
		code, stdout, stderr := command(t, c.args...)
		require.Equal(t, exitUsage, code, "%v: %s", c.args, stderr)
		require.Empty(t, stdout, "%v", c.args)
		for _, message := range c.messages {
			require.Contains(t, stderr, message, "%v", c.args)
		}
	}
}

func TestSettingsThatOnlyTheRunCanJudgeEndWithTwoAsWell(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	for message, args := range map[string][]string{
		"--dir: ":                         {"--dir", missing},
		"2 goroutines: use at least 3":    {"--goroutines", "2"},
		"-1 writers":                      {"--writers", "-1"},
		"delay probability 1.5":           {"--delay", "1.5"},
		"delay weights -1, 2, 0":          {"--delay-mix=-1,2,0"},
		"values of 10 to 5 bytes":         {"--min-value-bytes", "10", "--value-bytes", "5"},
		"a share of 2 appends":            {"--fragments", "2"},
		"ArenaBytes is 1: must lie":       {"--arena-bytes", "1"},
		"FlushBytes is -5: must lie":      {"--flush-bytes", "-5"},
		"70000 records in a transaction:": {"--records", "70000"},
		"100000000 goroutines: at most":   {"--goroutines", "100000000"},
		`begins with "nothing/"; near`:    {"--delay-points", "nothing/"},
		"--canary-within -1s":             {"--canary-within", "-1s"},
		"duration -1s":                    {"--duration", "-1s"},
		"MaxValueBytes is 100000000":      {"--value-bytes", "100000000", "--goroutines", "10"},
	} {
		for _, canary := range []string{"--canary=true", "--canary=false"} {
			code, _, stderr := command(t, append([]string{"stress", canary}, args...)...)
			require.Equal(t, exitUsage, code, "%v: %s", args, stderr)
			require.Contains(t, stderr, message, "%v", args)
			require.NotContains(t, stderr, "canary caught", "%v: it is found before the canary", args)
			require.Contains(t, stderr, "See 'racewindow stress --help'")
		}
	}
}

func TestHelpListsEverySubcommandFlagAndExitCode(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"--help"}, {"help"}} {
		code, stdout, stderr := command(t, args...)
		require.Equal(t, exitHeld, code)
		require.Empty(t, stderr)
		for _, word := range []string{"stress", "failpoints", "test", "build", "run", "Exit codes: 0 the promises held"} {
			require.Contains(t, stdout, word)
		}
	}
	_, stdout, _ := command(t, "stress", "--help")
	for _, word := range []string{"--handover", "--goroutines", "--duration", "--seed", "--out", "--json", "Exit codes: 0 held, 1 violated"} {
		require.Contains(t, stdout, word)
	}
	stressCommand().Flags().VisitAll(func(flag *pflag.Flag) { require.NotEmpty(t, flag.Usage, flag.Name) })
}

func TestFailpointsListsEveryDeclaredPoint(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := command(t, "failpoints")
	require.Equal(t, exitHeld, code, stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 1+len(storage.Points()))
	require.Equal(t, []string{"NAME", "KIND", "RESOURCE", "ACCESS", "ALSO", "REASON"}, strings.Fields(lines[0]))
	for i, e := range storage.Points() {
		require.Equal(t, []string{e.Name, e.Kind.String(), e.Resource, e.Access.String()}, strings.Fields(lines[i+1])[:4])
		require.True(t, strings.HasSuffix(lines[i+1], e.Reason), lines[i+1])
	}

	require.Regexp(t, `(?m)^flush/before-write +yield +file +write +read tail +the batch`, stdout, "what it touches besides")

	code, stdout, stderr = command(t, "failpoints", "--json", "-")
	require.Equal(t, exitHeld, code, stderr)
	var rows []failpointRow
	require.NoError(t, json.Unmarshal([]byte(stdout), &rows), "standard output is JSON and nothing else")
	require.Len(t, rows, len(storage.Points()))
	for i, e := range storage.Points() {
		var also []touchRow
		for _, t := range e.Also {
			also = append(also, touchRow{t.Resource, t.Access.String()})
		}
		require.Equal(t, failpointRow{e.Name, e.Kind.String(), e.Resource, e.Access.String(), also, e.Reason, rows[i].Source}, rows[i])
		if failpoints.Instrumented() && e.Name == "flush/synced" {
			require.Regexp(t, `^flush\.go:\d+$`, rows[i].Source)
		}
	}

	file := filepath.Join(t.TempDir(), "failpoints.json")
	code, stdout, _ = command(t, "failpoints", "--json", file)
	require.Equal(t, exitHeld, code)
	require.Empty(t, stdout)
	require.FileExists(t, file)
	code, _, stderr = command(t, "failpoints", "--json", filepath.Join(file, "below"))
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "failpoints.json")
}

func TestAnUninstrumentedCommandSaysHowToBuildOne(t *testing.T) {
	t.Parallel()
	if failpoints.Instrumented() {
		t.Skip("needs the normal build: go test ./harness/cmd/racewindow")
	}
	for _, args := range [][]string{
		{"stress"},
		{"stress", "--crash"},
		{"kill", "--kills", "1"},
		{"explore", "--subject", "log"},
		{"verify"},
		{"soak", "--out", t.TempDir()},
		{"soak", "--round", "v1 kind=kill variant=disk seed=1 for=1s"},
	} {
		code, stdout, stderr := command(t, args...)
		require.Equal(t, exitFailed, code, "%v", args)
		require.Empty(t, stdout, "%v", args)
		require.Contains(t, stderr, "not instrumented", "%v", args)
		require.Contains(t, stderr, "make build", "%v", args)
	}
}

func TestStressOfTheSeedsBugEndsWithOneAndAReport(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := filepath.Join(t.TempDir(), "new", "folder")
	code, stdout, stderr := command(t, "stress", "--handover", "STALE", "--goroutines", "300", "--operations", "10000000", "--value-bytes=0",
		"--seed", "7", "--delay-points", "read/,flush/", "--out", out)
	require.Equal(t, exitViolated, code, "%s%s", stdout, stderr)
	for line := range strings.Lines(stderr) { // on a slow machine the run takes over two seconds, and says so in lines
		require.Regexp(t, `^(stale|found|shrinking|canary)\b[^\r\x1b]*\n$`, line, "a run that is not on a terminal draws nothing")
	}
	s := readSummary(t, filepath.Join(out, "summary.json"))
	broken := s.Violation
	require.Contains(t, []string{"ReadAfterWrite", "MonotonicReads", "Order", "TransactionAtomicity", "NamedIsRead", "OtherLog"}, broken.Promise,
		"goroutines run freely, so chance decides what the lost record breaks")
	for _, word := range []string{
		fmt.Sprintf("FAIL %s  %q", broken.Promise, broken.Sentence),
		"again: racewindow stress --handover stale", "--goroutines 300", "--operations 10000000", "--delay-points read/,flush/", "--seed 7",
		"window: ", broken.Promise + " was violated.", "stress of stale:",
	} {
		require.Contains(t, strings.Join(strings.Fields(stdout), " "), strings.Join(strings.Fields(word), " "))
	}
	report, _, _ := strings.Cut(stdout, "\n\n")
	require.LessOrEqual(t, strings.Count(report, "\n"), 40)
	for line := range strings.SplitSeq(stdout, "\n") {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 100, line)
	}
	text, err := os.ReadFile(filepath.Join(out, "report.txt"))
	require.NoError(t, err)
	require.Equal(t, stdout, string(text))
	require.False(t, s.Passed)
	require.Equal(t, "stale", s.Engine)
	require.EqualValues(t, 7, s.Seed)
	require.Empty(t, s.Canary, "the canary is what was run")
}

func readSummary(t *testing.T, file string) *stress.Summary {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	s := &stress.Summary{}
	require.NoError(t, json.Unmarshal(data, s))
	return s
}

func TestStressOfTheDefaultHolds(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	file := filepath.Join(t.TempDir(), "summary.json")
	code, stdout, stderr := command(t, "stress", "--goroutines", "300", "--operations", "60000", "--min-overlaps", "1", "--json", file)
	require.Equal(t, exitHeld, code, "%s%s", stdout, stderr)
	require.Contains(t, stdout, "No promise violated.")
	require.Contains(t, stdout, "stress of snapshot:")
	const caught = `caught: (ReadAfterWrite|MonotonicReads|Order|TransactionAtomicity|NamedIsRead|OtherLog) in stale` // goroutines run freely
	require.Regexp(t, `(?m)^canary `+caught, stderr, "progress comes first on a slow machine")
	s := readSummary(t, file)
	require.True(t, s.Passed)
	require.Equal(t, stress.SummaryVersion, s.Version)
	require.Regexp(t, caught, s.Canary)
	require.NotZero(t, s.Seed, "a new one, which the summary prints")
}

func TestStressOnARealFolderLeavesNothingBehind(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	dir := t.TempDir()
	code, stdout, stderr := command(t, "stress", "--dir", dir, "--goroutines", "50", "--operations", "5000", "--min-overlaps", "0",
		"--canary=false", "--json", "-")
	require.Equal(t, exitHeld, code, "%s%s", stdout, stderr)
	s := &stress.Summary{}
	require.NoError(t, json.Unmarshal([]byte(stdout), s), "standard output is JSON and nothing else")
	require.True(t, s.Passed)
	require.Empty(t, s.Canary)
	require.Contains(t, stderr, "No promise violated.", "the text is on the other stream")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestStressThatDidTooLittleEndsWithThree(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	code, stdout, stderr := command(t, "stress", "--goroutines", "50", "--operations", "5000", "--min-overlaps", "100000000", "--canary=false")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stdout, "No verdict: ")
	require.NotContains(t, stdout, "No promise violated")
	require.Contains(t, stderr, "--min-overlaps")
}

// Whoever sees nothing for longer believes that the command hangs.
func TestTheFirstLineOfProgressComesWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	l := newProgressLine("explore")
	require.LessOrEqual(t, time.Until(l.shown.Add(every)), 2*time.Second)
	l.shown = l.shown.Add(-2 * time.Second)
	require.True(t, l.due())
}

func TestTheProgressLineIsQuietWhereNobodyWatches(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := &progressLine{what: "snapshot", out: &out, shown: time.Now()}
	p := stress.Progress{Operations: 1000, Goroutines: 300, Elapsed: 2 * time.Second, Duration: 10 * time.Second}
	l.update(p)
	l.clear()
	require.Empty(t, out.String())
	l.shown = l.shown.Add(-6 * time.Second)
	l.update(p)
	l.update(p)
	require.Equal(t, "snapshot: 2 of 10 s, round 1, 1000 operations (500/s), 300 goroutines\n", out.String())
	out.Reset()
	l.terminal = true
	l.update(p)
	l.clear()
	l.clear()
	require.Equal(t, "\rsnapshot: 2 of 10 s, round 1, 1000 operations (500/s), 300 goroutines\x1b[K\r\x1b[K", out.String())
}
