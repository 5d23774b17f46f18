//go:build race

package report

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

const (
	raceEnabled   = true
	hostileBytes  = 1 << 16 // the race detector makes parsers slow
	childVariable = "RACEWINDOW_REPORT_CHILD"
)

// racing has one thread read what another writes, in the order of the schedule.
func racing(x *sched.Execution) {
	balance := 0
	x.Go("a", func(t *sched.T) {
		t.Op("deposit")
		failpoints.Yield(t.Context(), pointStore)
		balance += 10
		t.Note("deposited")
	})
	x.Go("b", func(t *sched.T) {
		t.Op("withdraw")
		failpoints.Yield(t.Context(), pointLoad)
		balance -= 10
		t.Note("withdrawn")
	})
}

// A data race is reported by a separate process, which Go's race detector then ends with an error.
func TestADataRaceIsReportedOnTheScheduleThatShowsIt(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		r := ofSchedule(racing, "a@transfer/from#1>b", "GORACE=suppress_equal_stacks=0 racewindow test -race -run '^TestBalance$' -sched.replay='a@transfer/from#1>b' ./bank")(t)
		require.NoError(t, os.WriteFile(os.Getenv(childVariable), render(t, "json", r), 0o600))
		return
	}
	file := t.TempDir() + "/report.json"
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), childVariable+"="+file)
	var all bytes.Buffer
	command.Stdout, command.Stderr = &all, &all
	require.Error(t, command.Run(), "the child must end with the race detector's exit code: %s", all.String())
	require.Contains(t, all.String(), "WARNING: DATA RACE")
	data, err := os.ReadFile(file)
	require.NoError(t, err, all.String())
	r := loaded(t, data)
	require.Equal(t, "data race", r.Class)
	if *rewrite {
		golden(t, "reports/data-race.json", render(t, "json", r))
		return
	}
	require.Equal(t, withoutLines(t, load(t, "data-race")), withoutLines(t, r))
}

// In a process that has reported a race, no execution can be said to pass.
func TestAReportOfADataRaceClaimsNoTwinAndNoWindow(t *testing.T) {
	r := load(t, "data-race")
	require.Nil(t, r.Passing)
	require.Empty(t, r.Windows)
	require.Zero(t, r.Replays)
}
