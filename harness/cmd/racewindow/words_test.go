package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

func TestAWrongWordIsAnsweredWithTheRightOne(t *testing.T) {
	t.Parallel()
	for message, args := range map[string]string{
		`no command is called "sterss" (did you mean "stress"?): there are build, clean, completion, `:            "sterss",
		`no command is called "hlep" (did you mean "help"?)`:                                                      "hlep",
		`no command of 'racewindow soak' is called "mrege" (did you mean "merge"?): there are close, merge`:       "soak mrege x",
		`no command of 'racewindow soak' is called "clos" (did you mean "close"?)`:                                "help soak clos",
		`no command of 'racewindow completion' is called "bsah" (did you mean "bash"?)`:                           "completion bsah",
		`unknown flag: --bugdet (did you mean --budget?)`:                                                         "explore --bugdet 3s",
		`unknown flag: --goroutines: it is a flag of 'racewindow kill' and 'racewindow stress'`:                   "explore --goroutines 3",
		`unexpected argument "false": a flag that is true or false takes its value after =, as in --canary=false`: "explore --canary false",
		`unexpected argument "schedules": flags begin with two dashes: --schedules`:                               "explore schedules 3",
		`no hand-over is called "rechek" (did you mean "recheck"?): choose one of fallback, `:                     "explore --handover rechek",
		`no hand-over is called "stal" (did you mean "stale"?)`:                                                   "stress --crash --handover stal",
		`no hand-over is called "snapshto" (did you mean "snapshot"?)`:                                            "kill --handover snapshto",
		`no strategy is called "ptc" (did you mean "pct"?): choose one of bounded, `:                              "explore --strategy ptc",
		`--model waek: no such persistence model: "waek" (did you mean "weak"?)`:                                  "explore --crash --model waek",
		`no format is called "htlm" (did you mean "html"?)`:                                                       "report x --format htlm",
		`--program: not a case: clause 1 "w0: apend 1": unknown operation "apend" (did you mean "append"?)`:       "explore --program w0:_apend_1",
		`clause 1 "w0: append 1, red - end": unknown operation "red" (did you mean "read"?)`:                      "replay v1_scenario=log_handover=stale;_w0:_append_1,_red_-_end",
		`handover "stal" (did you mean "stale"?): choose one of fallback, `:                                       "replay v1_scenario=log_handover=stal;_w0:",
		`options "v2 scenario=log handover=stale": version v2 is not known: this racewindow reads v1`:             "replay v2_scenario=log_handover=stale;_w0:",
		`options "v2 scenario=log": version v2 is not known`:                                                      "report v2_scenario=log",
		`--program: not a case: options "v3 scenario=log": version v3 is not known`:                               "explore --program v3_scenario=log;_w0:",
		`no file is called "w0: append 1": give a file, or a case, which begins with 'v1 scenario=log`:            "replay w0:_append_1",
		`invalid value "many" for "--goroutines": write a whole number, such as 100`:                              "stress --goroutines many",
		`invalid value "99999999999999999999" for "--goroutines": the number is too large`:                        "stress --goroutines 99999999999999999999",
		`invalid value "-1" for "--seed": write a whole number that is not negative`:                              "explore --seed -1",
		`invalid value "18446744073709551616" for "--seed": the number is too large: it must lie below 2^64`:      "explore --seed 18446744073709551616",
		`invalid value "10" for "--duration": write a number with its unit, such as 500ms, 10s`:                   "stress --duration 10",
		`invalid value "often" for "--delay": write a number, such as 0.25`:                                       "stress --delay often",
		`invalid value "maybe" for "--canary": write true or false`:                                               "stress --canary=maybe",
		`invalid value "1,two" for "--delay-mix": write whole numbers with commas between them`:                   "stress --delay-mix 1,two",
		`--minimum: no count is called "rouds" (did you mean "rounds"?)`:                                          "soak merge --minimum rouds=3 --out x y",
		`invalid value "9999999h" for "--for": the time is too long: at most 2540400h`:                            "soak --for 9999999h --out x",
		`--schedules -1: must be at least 1`:                                                                      "explore --schedules -1",
		`--workers 1000000: must lie between 1 and 1024`:                                                          "explore --workers 1000000",
		`--result and --in-process go with --round`:                                                               "soak --in-process",
		`"explore" stands after '--', which ends flags and commands`:                                              "-- explore",
		`unknown flag: -stratgy (did you mean --strategy?)`:                                                       "explore -stratgy=pct",
	} {
		words := strings.Fields(args)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "_", " ")
		}
		code, stdout, stderr := command(t, words...)
		require.Equal(t, exitUsage, code, "%s: %s", args, stderr)
		require.Empty(t, stdout, args)
		require.Contains(t, stderr, message, args)
	}
}

// What a variable that is not set leaves is no value.
func TestAFlagWithNothingInItIsRefused(t *testing.T) {
	t.Parallel()
	for message, args := range map[string][]string{
		"--program is empty: give a value (THREADS), or leave the flag out": {"explore", "--program", ""},
		"--handover is empty: give a value (NAME)":                          {"stress", "--handover="},
		"--dir is empty: give a value (DIR)":                                {"kill", "--dir", "/tmp", "--dir", ""},
		"--kinds is empty: give a value (NAME,...)":                         {"soak", "--kinds", "", "--out", "x"},
		"--handovers is empty":                                              {"soak", "--handovers", "snapshot,", "--out", "x"},
		"--out is empty: give a value (FILE)":                               {"report", "-o", "", "x"},
		"--json is empty":                                                   {"failpoints", "--json", ""},
	} {
		code, stdout, stderr := command(t, args...)
		require.Equal(t, exitUsage, code, "%q: %s", args, stderr)
		require.Empty(t, stdout)
		require.Contains(t, stderr, message)
	}
}

func TestAKindOfRoundIsAnsweredWithTheRightOne(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	code, _, stderr := command(t, "soak", "--kinds", "explor", "--out", t.TempDir())
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, `--kinds: no kind is called "explor" (did you mean "explore"?): choose one of explore, stress`)
}

func TestACaseIsReadFromItsTextOrItsFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
		return path
	}
	for _, argument := range []string{
		lost, "# what it shows\n" + lost + "\n", strings.ReplaceAll(lost, " ", "\n   "), write("lost.case", "# a comment\n"+lost+"\n"),
		write("windows.case", "\uFEFF# a comment\r\n"+lost+"\r\n"), write("wrapped.case", strings.ReplaceAll(lost, "; ", ";\n        ")),
		write("scenario=log", lost), strings.Replace(lost, "v1 scenario=log handover=stale", "v1 handover=stale scenario=log", 1),
	} {
		c, err := readCase(context.Background(), argument)
		require.NoError(t, err, argument)
		require.Equal(t, lost, c.String())
	}
	for message, argument := range map[string]string{
		"the argument is empty: give a file":                                     "",
		" is a folder: give a file in it":                                        folder,
		`no file is called "`:                                                    filepath.Join(folder, "none"),
		"not a directory: give a file":                                           filepath.Join(folder, "lost.case", "below"),
		"there is nothing but comments and empty":                                write("empty.case", "# nothing\n\n"),
		"the file has 2000000 bytes, and a file with a case has at most 1048576": write("large.case", strings.Repeat("x", 2_000_000)),
		"no UTF-8 text, or control characters":                                   write("binary.case", "\x7fELF\x00\x01\x02"),
		"a second case begins with":                                              write("two.case", lost+"\n"+lost+"\n"),
	} {
		_, err := readCase(context.Background(), argument)
		require.ErrorContains(t, err, message, argument)
	}
	for _, text := range []string{"scenario=log", "# a\n# b", "v1 scenario=log"} {
		_, err := readCase(context.Background(), text)
		require.ErrorIs(t, err, cases.ErrCase, text)
	}
}

// A case may come through a pipe, whose size nobody knows.
func TestACaseThroughAPipeIsReadAsWell(t *testing.T) {
	t.Parallel()
	for content, message := range map[string]string{lost: "", strings.Repeat("x", cases.MaxTextBytes+1): "the file has more than 1048576 bytes"} {
		pipe := filepath.Join(t.TempDir(), "pipe")
		require.NoError(t, syscall.Mkfifo(pipe, 0o600))
		go func() { _ = os.WriteFile(pipe, []byte(content), 0) }()
		_, err := readCase(context.Background(), pipe)
		if message == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, message)
		}
	}
}

// Nobody writes into the pipe, so that it cannot even be opened.
func TestACaseThatNeverComesCanBeInterrupted(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := readCase(ctx, pipe)
	require.ErrorIs(t, err, context.Canceled)
	_, err = (&reportFlags{}).read(ctx, pipe)
	require.ErrorIs(t, err, context.Canceled)
	var usage usageError
	require.False(t, errors.As(err, &usage), "it is no wrong call")
}

// A report and a case are told apart by what is in the file, also if it can be read only once.
func TestAReportIsReadFromAPipeToo(t *testing.T) {
	t.Parallel()
	const text = `{"schema":"racewindow-report/1","verdict":"held","promise":"Order","run":{}}`
	for _, content := range []string{text, "\n  " + text, "\uFEFF" + text} {
		pipe := filepath.Join(t.TempDir(), "pipe")
		require.NoError(t, syscall.Mkfifo(pipe, 0o600))
		go func() { _ = os.WriteFile(pipe, []byte(content), 0) }()
		r, err := (&reportFlags{}).read(context.Background(), pipe)
		require.NoError(t, err)
		require.Equal(t, "Order", r.Promise)
	}
}

func TestAnErrorMovesNoCursor(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a\\x1b[31m b\\a\n\tc\\xff \\u202e窓\n", printable("a\x1b[31m b\a\n\tc\xff \u202e窓\n"))
	require.Equal(t, "\uFFFD", printable("\uFFFD"), "a character like others")
	long := strings.Repeat("a", 10_000) + "end"
	require.Less(t, len(printable(long)), 2100)
	require.True(t, strings.HasSuffix(printable(long), "aend"))
	require.Contains(t, printable(long), " ... (8003 letters more) ... ")
	for _, args := range [][]string{{"a\x1b[31mb"}, {"explore", "--a\x1b[31mb"}, {"replay", "no\x1b[31mfile"}, {"replay", "v1 sc\x1bnario=log"}, {"stress", "--dir", "\x1b[2J"}, {"test", "-C", "\x1b[2J"}} {
		_, stdout, stderr := command(t, args...)
		require.NotContains(t, stdout+stderr, "\x1b", "%q", args)
		require.NotEmpty(t, stderr)
	}
}

// A verdict that nobody could read is none.
func TestAFullStandardOutputIsNoPass(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	for _, args := range [][]string{{"--help"}, {"help", "soak"}, {"failpoints"}, {"completion", "bash"}} {
		c := exec.Command(os.Args[0], args...)
		c.Env = append(os.Environ(), commandVariable+"=1")
		var stderr strings.Builder
		c.Stdout, c.Stderr = full, &stderr
		require.Error(t, c.Run(), args)
		require.Equal(t, exitFailed, c.ProcessState.ExitCode(), args)
		require.Contains(t, stderr.String(), "no space left on device", args)
	}
	require.Equal(t, os.Stdout, fileOf(standardOutput))
	require.Equal(t, io.Discard, fileOf(io.Discard))
}

func TestClosingLinesFitTheTerminal(t *testing.T) {
	t.Parallel()
	text := "held: snapshot: 1817 schedules in 0.2 s (10140/s), 1809 distinct, 393 partial orders, seed 1; the budget is spent\n" +
		"  checked   12 times, 3 left to the next child; 100 records in 20 transactions; 7 not durable were lost\n" +
		"again: racewindow stress --crash --handover snapshot --seed 7 --log 3 --workers 1\n\nend"
	for _, width := range []int{40, 60, 80, 100} {
		fitted := fit(text, width)
		for line := range strings.SplitSeq(fitted, "\n") {
			require.LessOrEqual(t, len(line), width)
		}
		require.Equal(t, strings.Fields(text), strings.Fields(strings.ReplaceAll(fitted, "\\\n", "\n")), "no word is broken")
	}
	require.Contains(t, fit(text, 60), "\n            in 20 transactions; ", "below the text")
	require.Contains(t, fit(text, 60), " \\\n       --", "a command can be pasted")
	require.Equal(t, text, fit(text, 1000))
}

func TestWhatOnlyTimersShowIsNotToldAsIfTheSearchWithoutThemHadFoundIt(t *testing.T) {
	t.Parallel()
	const alone = "there was never a second goroutine that could have gone on"
	s := &drive.PlainSummary{Verdict: drive.FoundSome, Findings: 1, Because: alone, Timing: &drive.PlainTiming{Findings: 1, Because: "a failure was found"}}
	require.Contains(t, closing(drive.Event{Test: "TestLease", Plain: s}, false),
		"found: TestLease: only where timers may fire early; where time passes when all wait: "+alone+"\n")
	s.Findings = 2
	require.NotContains(t, closing(drive.Event{Test: "TestLease", Plain: s}, false), "only where timers may fire early")
}

func TestTheLastLinesOfALogAreShownAfterHowManyComeBefore(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a\nb\n", lastLines("a\nb", 2))
	require.Equal(t, "a\nb\n", lastLines("a\nb\n", 3))
	require.Equal(t, "      ... 2 lines before\nc\n", lastLines("a\nb\nc", 1))

	told := &report.Report{Log: "   3  main  x_test.go:7: before"}
	e := &drive.Event{Finding: &drive.PlainFinding{Failure: &sched.Failure{}}}
	require.Contains(t, (&plainRun{}).shown(e, told), "the test wrote, after the steps:\n   3  main  x_test.go:7: before\n")
	require.NotContains(t, (&plainRun{}).shown(e, &report.Report{}), "the test wrote")
}
