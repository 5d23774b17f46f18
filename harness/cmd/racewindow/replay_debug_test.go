package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/script"
)

func TestWithoutADebuggerOnThePathItIsSaidHowToGetOne(t *testing.T) {
	gocmd, err := exec.LookPath("go")
	require.NoError(t, err)
	folder := t.TempDir()
	require.NoError(t, os.Symlink(gocmd, filepath.Join(folder, "go")))
	t.Setenv("PATH", folder)
	code, _, stderr := command(t, "replay", "--debug", "v1 test="+t.Name(), ".")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--debug: there is no dlv on the PATH: run go install github.com/go-delve/delve/cmd/dlv@latest")

	// What would not stop in one either is refused for that.
	code, _, stderr = command(t, "replay", "--debug", "v1 scenario=log handover=stale; w0: append 1")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--debug: the case is of a subject that the command brings")
}

func TestOnlyOneExecutionOfAPlainTestStopsInADebugger(t *testing.T) {
	folder := t.TempDir()
	script.Write(t, filepath.Join(folder, "dlv"), "exit 9\n")
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	const log = "v1 scenario=log handover=stale; w0: append 1"
	for want, args := range map[string][]string{
		"--times 2: a debugger follows one execution only":                              {"--debug", "--times", "2", log},
		"--debug-step says where --debug stops: add --debug":                            {"--debug-step", "2", log},
		"--debug-step 0: the steps of a timeline are numbered from 1":                   {"--debug", "--debug-step", "0", log},
		"--debug=none: a file with commands for dlv is expected after =":                {"--debug=none", log},
		"--debug: the case is of a subject that the command brings, and only schedules": {"--debug", log},
	} {
		code, _, stderr := command(t, append([]string{"replay"}, args...)...)
		require.Equal(t, exitUsage, code, want)
		require.Contains(t, stderr, want)
	}
}

func TestWhereADebuggerStopsFollowsFromTheFailure(t *testing.T) {
	rows := []sched.Event{
		{Step: 0, Thread: "main", Text: sched.StartPoint},
		{Step: 1, Thread: "main", Text: "TestX.go", Point: true, File: "x_test.go", Line: 7},
		{Step: 3, Thread: "main/a#1", Text: "a.Lock", Point: true, File: "x.go", Line: 11},
		{Step: 4, Thread: "main/b#1", Text: "b.Unlock", Point: true, File: "x.go", Line: 21},
		{Step: 5, Thread: "main/b#1", Text: "the end", Ended: true},
	}
	event := func(f sched.Failure) drive.Event {
		return drive.Event{Test: "TestX", Finding: &drive.PlainFinding{Failure: &f, Outcome: sched.Outcome{Failure: &f, Events: rows}}}
	}
	stop := func(step int, f sched.Failure) (int, string, []string, string) {
		d, err := (&replayFlags{debug: interactive, debugStep: step}).stopOf(event(f))
		require.NoError(t, err)
		return d.Step, d.Here, d.Lines, d.Failure
	}
	at, here, _, _ := stop(0, sched.Failure{Kind: sched.Deadlock, Message: "no thread can go on", Stack: "goroutine main/a#1 [sync.Mutex.Lock]:\n"})
	require.Equal(t, 3, at, "the last step of a goroutine that waits for ever")
	require.Equal(t, "step 2 of 3: main/a#1 is at a.Lock (x.go:11); after it no thread can go on", here)
	at, _, _, _ = stop(0, sched.Failure{Kind: sched.Died, Message: "the process was ended by a signal: killed"})
	require.Equal(t, 4, at, "the last step of all")
	at, _, _, failure := stop(0, sched.Failure{Kind: sched.Failed, Message: "x_test.go:9: lost\nmore"})
	require.Negative(t, at, "where the test says that it fails")
	require.Equal(t, "TestX fails here: x_test.go:9: lost", failure)
	at, here, _, _ = stop(1, sched.Failure{Kind: sched.Failed, Message: "lost"})
	require.Equal(t, 1, at, "the step that was asked for")
	require.Equal(t, "step 1 of 3: main is at TestX.go (x_test.go:7)", here)
	at, here, lines, _ := stop(0, sched.Failure{Kind: sched.DataRace, Message: "a reads what b writes", Stack: "WARNING: DATA RACE\nRead at 0x00c0 by goroutine 9:\n" +
		"  x.a()\n      /m/x.go:11 +0x44\n  x.c()\n      /m/x.go:12 +0x1\n\nPrevious write at 0x00c0 by goroutine 8:\n  x.b()\n      /m/x.go:21 +0x44\n\nGoroutine 9 (running) created at:\n  x.d()\n      /m/x.go:31\n"})
	require.Negative(t, at)
	require.Equal(t, []string{"/m/x.go:11", "/m/x.go:21"}, lines, "the two accesses")
	require.Contains(t, here, "a reads what b writes")
	require.Len(t, accessLines("Read at 0x1 by main goroutine:\n  x.a()\n      /m/x.go:11 +0x1\n\nPrevious write at 0x1 by goroutine 8:\n  x.a()\n      /m/x.go:11 +0x2\n\n"), 1, "of one line")
	_, err := (&replayFlags{debug: interactive, debugStep: 4}).stopOf(event(sched.Failure{Kind: sched.Failed}))
	require.ErrorContains(t, err, "--debug-step 4: no goroutine stops at this step; the timeline has 3 steps")
}
