package harness

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

// A gauge counts how often it was read, in a field that nothing guards, or not at all.
type gauge struct {
	balance
	racy  bool
	reads int
}

func (g *gauge) get(ctx context.Context) int {
	if g.racy {
		failpoints.Yield(ctx, loaded)
		g.reads++
	}
	return g.balance.get(ctx)
}

func gauges(racy bool) Subject[*gauge] {
	return Subject[*gauge]{
		Open: func(context.Context, Env) (*gauge, error) { return &gauge{racy: racy}, nil },
		Ops:  Ops{"add": func(g *gauge, ctx context.Context, n int) { g.add(ctx, n) }, "get": (*gauge).get},
	}
}

const childVariable = "RACEWINDOW_TEST_CHILD"

// child runs a test again in a separate process with an empty folder, because the race detector reports equal races only
// once in a process, and fails it.
func child(t *testing.T, what string) (output string, code int) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), childVariable+"="+what)
	text, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}

func needsDetector(t *testing.T) {
	t.Helper()
	if !sched.UnderRaceDetector() {
		t.Skip("needs the race detector: racewindow test -race")
	}
}

const timesOfRaces = 10

func TestACheckReportsADataRaceWithItsScheduleEachTime(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		text, _ := record(t, func(tb testing.TB) { Check(tb, gauges(true)) })
		t.Log(text)
		return
	}
	needsDetector(t)
	t.Parallel()
	for range timesOfRaces {
		output, code := child(t, "racy")
		require.NotZero(t, code, output)
		require.Contains(t, output, "WARNING: DATA RACE")
		require.Contains(t, output, "FAIL data race")
		require.Regexp(t, `replay: .*racewindow replay 'v1 test=TestBalance[^;]*; c\d: `, output)
		require.Contains(t, output, "--race\n")
		require.Contains(t, output, "a data race was found with the canary", "it is the subject's, and told but once")
	}
}

func TestACheckOfACleanObjectReportsNoDataRace(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		text, failed := record(t, func(tb testing.TB) { Check(tb, gauges(false)) })
		require.False(t, failed, text)
		return
	}
	needsDetector(t)
	t.Parallel()
	output, code := child(t, "clean")
	require.Zero(t, code, output)
	require.NotContains(t, output, "DATA RACE")
}
