package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

func TestAClaimSaysThatItDoesNotCoverWhatGoroutinesDoLongAfterATestsEnd(t *testing.T) {
	t.Parallel()
	all := []sched.Exhausted{{Bound: 0, Schedules: 2}, {Bound: 1, Schedules: 6}}
	summary := drive.PlainSummary{Verdict: drive.HeldAll, Exhausted: all, Timing: &drive.PlainTiming{Exhausted: all}}
	text := func() string { return closing(drive.Event{Test: "TestX", Plain: &summary}, false) }
	require.Contains(t, text(), "exhausted: all 6 schedules with at most one preemption of TestX\n")
	require.Contains(t, text(), "exhausted: all 6 schedules with at most one preemption of TestX in which a timer that fires early counts as a preemption\n")
	summary.OneOrder, summary.Timing.OneOrder = true, true
	const except = ", except for what goroutines do long after its end\n"
	require.Contains(t, text(), "exhausted: all 6 schedules with at most one preemption of TestX"+except)
	require.Contains(t, text(), "counts as a preemption"+except)
}
