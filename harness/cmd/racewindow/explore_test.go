package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/explore"
)

const staleProgram = "w0: append 1, flush; r0: read - end"

func TestNumbersOutsideOfTheirRangeEndWithTwo(t *testing.T) {
	t.Parallel()
	const held = "v1 scenario=log handover=snapshot; w0: append 1"
	for message, args := range map[string][]string{
		"--budget 0s: must be longer than 0s":                  {"explore", "--budget", "0"},
		"--budget -1s: must be longer than 0s":                 {"explore", "--budget=-1s"},
		"--schedules 0: must be at least 1":                    {"explore", "--schedules", "0"},
		"--schedules -1: must be at least 1":                   {"explore", "--schedules=-1"},
		"--per-program 0: must be at least 1":                  {"explore", "--per-program", "0"},
		"--max-threads 0: must lie between 1 and":              {"explore", "--max-threads", "0"},
		"--preemptions 1001: must lie between 0 and 1000":      {"explore", "--preemptions", "1001"},
		"--faults -1: must lie between 0 and":                  {"explore", "--faults=-1"},
		"--workers 1000000: must lie between 1 and 1024":       {"explore", "--workers", "1000000"},
		"--program is empty":                                   {"explore", "--program", ""},
		"--strategy is empty":                                  {"explore", "--strategy", ""},
		"--faults says how programs are drawn":                 {"explore", "--program", staleProgram, "--faults", "1"},
		"--preemptions 11: must lie between 1 and 10":          {"verify", "--preemptions", "11"},
		"--times 0: must lie between 1 and 1000000":            {"replay", "--times", "0", held},
		"--patience 0s: must be longer than 0s":                {"replay", "--patience", "0", held},
		"--cycles 0: must be at least 1":                       {"stress", "--crash", "--cycles", "0"},
		"--faults NaN: must lie between 0 and 1":               {"stress", "--crash", "--faults", "nan"},
		"--interrupted 1.5: must lie between 0 and 1":          {"stress", "--crash", "--interrupted", "1.5"},
		"--per-log 0: must be at least 1":                      {"stress", "--crash", "--per-log", "0"},
		"--free: the case has faults (!) or a crash, which ne": {"replay", "--free", held + "; crash any"},
	} {
		code, stdout, stderr := command(t, args...)
		require.Equal(t, exitUsage, code, "%v: %s", args, stderr)
		require.Contains(t, stderr, message, "%v", args)
		require.Empty(t, stdout, "%v", args)
		require.NotContains(t, stderr, "canary", "%v", args)
	}
}

func TestASubjectIsSettledByItsOwnSettings(t *testing.T) {
	t.Parallel()
	const setup = "setup: subscribe a; p0: publish a; m0: remove a"
	for message, args := range map[string][]string{
		`--subject registri (did you mean "registry"?): use one of log, registry`: {"--subject", "registri"},
		"--subject is empty": {"--subject", ""},
		"--set is for packages and for --subject registry":                         {"--set", "removal=checked"},
		"--handover is for the log: leave it out":                                  {"--subject", "registry", "--handover", "stale"},
		`--set: no option is called "remova" (did you mean "removal"?)`:            {"--subject", "registry", "--set", "remova=checked"},
		`--set: removal=check (did you mean "checked"?): use one of statusfirst, `: {"--subject", "registry", "--set", "removal=check"},
		"--crash and --faults are for the log":                                     {"--subject", "registry", "--crash"},
		"the registry promises nothing about crashes":                              {"--subject", "registry", "--faults", "1"},
		"the case is about scenario=log, but this is scenario=registr":             {"--subject", "registry", "--program", "v1 scenario=log handover=stale; " + staleProgram},
		"--program names settings, and so does --set":                              {"--subject", "registry", "--set", "removal=checked", "--program", "v1 scenario=registry; " + setup},
		"let setup, or the thread itself, 'subscribe a' before":                    {"--subject", "registry", "--program", "p0: publish a; m0: remove a"},
		"--subject chooses a subject that the command brings: leave it out":        {"--subject", "registry", "./..."},
	} {
		code, stdout, stderr := command(t, append([]string{"explore"}, args...)...)
		require.Equal(t, exitUsage, code, "%v: %s", args, stderr)
		require.Contains(t, stderr, message, "%v", args)
		require.Empty(t, stdout, "%v", args)
	}
	code, _, stderr := command(t, "replay", "--free", "v1 scenario=registry; "+setup)
	require.Equal(t, exitUsage, code, stderr)
	require.Contains(t, stderr, "--free: only the scheduler can execute a case of scenario=registry")
}

func TestTheRegistryIsExploredReplayedAndReported(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := t.TempDir()
	code, stdout, stderr := command(t, "explore", "--subject", "registry", "--set", "removal=statusfirst", "--seed", "1", "--schedules", "5000", "--out", out)
	require.Equal(t, exitViolated, code, stderr)
	require.Contains(t, stdout, `NoCrash  "publish never crashes"`)
	require.Contains(t, stdout, "replayed 5 of 5 times")
	found, err := filepath.Glob(filepath.Join(out, "found-*.case"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	content, err := os.ReadFile(found[0])
	require.NoError(t, err)
	require.Contains(t, string(content), "\nv1 scenario=registry removal=statusfirst; setup: subscribe ")
	for verb, expected := range map[string]int{"replay": exitViolated, "report": exitHeld} {
		code, stdout, stderr = command(t, verb, found[0])
		require.Equal(t, expected, code, "%s: %s", verb, stderr)
		require.Contains(t, stdout, "NoCrash", verb)
	}
	const left = "setup: subscribe a, suspend a; p0: publish a; m0: remove a"
	code, stdout, stderr = command(t, "explore", "--program", "v1 scenario=registry removal=filternil; "+left, "--exhaustive", "--preemptions", "1")
	require.Equal(t, exitViolated, code, stderr)
	require.Contains(t, stdout, "NothingLeft")
	code, stdout, stderr = command(t, "explore", "--subject", "registry", "--program", left, "--exhaustive", "--preemptions", "1")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "held: registry removal=checked")
	require.Contains(t, stdout, "canary: the known bug was found in schedule ")
}

func TestAnExplorationOfNothingEndsWithThree(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for message, args := range map[string][]string{
		"no schedule was executed":                 {"--budget", "1ns"},
		"no fault came in 1 schedule of 1 program": {"--faults", "2", "--schedules", "1", "--max-threads", "1", "--max-operations", "1", "--seed", "2"},
		"faults that never came":                   {"--schedules", "20", "--program", "w0: append 1; ! w0@flush/write-error#7=EIO"},
		"NOT exhausted: the number of sched":       {"--exhaustive", "--schedules", "10", "--program", staleProgram},
	} {
		code, stdout, stderr := command(t, append([]string{"explore"}, args...)...)
		require.Equal(t, exitFailed, code, "%v: %s%s", args, stdout, stderr)
		require.Contains(t, stderr, message, "%v", args)
		require.Contains(t, stdout, "no verdict: ", "%v: what was done is told", args)
		require.NotContains(t, stdout, "held")
	}
}

// signalled sends a signal to a command as soon as it has said so much, and returns how it ended.
func signalled(t *testing.T, signal os.Signal, after func(stdout, stderr string) bool, args ...string) (code int, stdout string) {
	t.Helper()
	folder := t.TempDir()
	out, err := os.Create(filepath.Join(folder, "stdout"))
	require.NoError(t, err)
	defer out.Close()
	errs, err := os.Create(filepath.Join(folder, "stderr"))
	require.NoError(t, err)
	defer errs.Close()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), commandVariable+"=1", "GORACE=atexit_sleep_ms=0")
	c.Stdout, c.Stderr = out, errs
	require.NoError(t, c.Start())
	text := func(name string) string {
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		return string(content)
	}
	require.Eventually(t, func() bool { return after(text("stdout"), text("stderr")) }, 3*time.Minute, 20*time.Millisecond, "%v", args)
	require.NoError(t, c.Process.Signal(signal))
	require.NoError(t, c.Process.Signal(signal), "timeout and make send it twice")
	_ = c.Wait()
	return c.ProcessState.ExitCode(), text("stdout") + text("stderr")
}

func TestWhatIsInterruptedIsNoPass(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	begun := func(_, stderr string) bool { return stderr != "" } // its line of progress
	code, said := signalled(t, os.Interrupt, begun, "explore", "--budget", "10m")
	require.Equal(t, exitFailed, code, said)
	require.Contains(t, said, "no verdict: it was interrupted")
	require.NotContains(t, said, "held")
	code, said = signalled(t, syscall.SIGTERM, begun, "replay", "--times", "1000000", "v1 scenario=log handover=snapshot; "+staleProgram)
	require.Equal(t, exitFailed, code, said)
	require.Regexp(t, `no verdict after \d+ of 1000000 times`, said)
	told := func(stdout, _ string) bool { return strings.Contains(stdout, "FAIL") }
	code, said = signalled(t, os.Interrupt, told, "replay", "--times", "1000000", staleCase)
	require.Equal(t, exitViolated, code, "what was found stands: %s", said)
	require.Regexp(t, `violated \d+ of \d+ times`, said)
	code, said = signalled(t, os.Interrupt, begun, "verify", "--preemptions", "8")
	require.Equal(t, exitFailed, code, said)
	require.Contains(t, said, "interrupted after")
}

func TestNoFindingTakesThePlaceOfAnother(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := filepath.Join(t.TempDir(), "found")
	findings := func() []string {
		files, err := filepath.Glob(filepath.Join(out, "found-*.case"))
		require.NoError(t, err)
		return files
	}
	code, stdout, stderr := command(t, "explore", "--handover", "stale", "--program", staleProgram, "--seed", "1", "--out", out)
	require.Equal(t, exitViolated, code, stderr)
	require.Len(t, findings(), 1)
	require.Contains(t, stdout, "kept: "+findings()[0])
	first, err := os.ReadFile(findings()[0])
	require.NoError(t, err)
	code, _, stderr = command(t, "explore", "--handover", "recheckliteral", "--program", "w0: append 1; r0: read - end", "--seed", "1", "--out", out)
	require.Equal(t, exitViolated, code, stderr)
	require.Len(t, findings(), 2)
	code, _, stderr = command(t, "explore", "--schedules", "50", "--out", out)
	require.Equal(t, exitHeld, code, stderr)
	require.Len(t, findings(), 2)
	var kept []string
	for _, file := range findings() {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		kept = append(kept, string(text))
	}
	require.Contains(t, kept, string(first))
	content, err := os.ReadFile(filepath.Join(out, "summary.json"))
	require.NoError(t, err)
	var s explore.Summary
	require.NoError(t, json.Unmarshal(content, &s))
	require.Equal(t, explore.Held, s.Verdict)
}

func TestWhatAnEarlierRunFoundIsKept(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	put := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o666))
	}
	marks, others := []string{"report.json", "disk"}, []string{"report.txt"}
	again := func() {
		delete(ownFolders, folder) // as another process would begin
		require.NoError(t, keepEarlier(folder, marks, others))
	}
	put("report.txt", "held")
	again()
	require.NoDirExists(t, filepath.Join(folder, earlierFolder), "nothing was found, so nothing can be lost")
	for _, content := range []string{"first", "second"} {
		put("report.json", content)
		put("report.txt", content)
		again()
		require.NoFileExists(t, filepath.Join(folder, "report.json"))
	}
	put("report.json", "of this run")
	require.NoError(t, keepEarlier(folder, marks, others), "of what this run has written nothing is moved")
	require.FileExists(t, filepath.Join(folder, "report.json"))
	for number, content := range map[string]string{"1": "first", "2": "second"} {
		text, err := os.ReadFile(filepath.Join(folder, earlierFolder, number, "report.json"))
		require.NoError(t, err)
		require.Equal(t, content, string(text))
	}
}

// Most of what a crash shows, it shows in the first schedules of a program, so a budget should see many programs.
func TestAProgramOfACheckGetsFewSchedulesWherePowerIsLost(t *testing.T) {
	t.Parallel()
	for _, each := range []struct {
		arguments []string
		most      int
	}{
		{nil, 200}, {[]string{"--faults", "2"}, 200}, {[]string{"--crash"}, 40}, {[]string{"--crash", "--faults", "2"}, 40}, {[]string{"--crash", "--per-program", "7"}, 7},
	} {
		f, flags := &exploreFlags{}, pflag.NewFlagSet("explore", pflag.ContinueOnError)
		f.define(flags)
		require.NoError(t, flags.Parse(each.arguments))
		order, err := f.order(flags)
		require.NoError(t, err)
		require.Equal(t, each.most, order.PerProgram, each.arguments)
	}
}
