package log

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

func searchPlan(t *testing.T, p *plan) sched.Result {
	t.Helper()
	r, err := sched.Search(context.Background(), p.scenario, sched.Options{Schedules: 300, Seed: 1, Workers: 1, RepeatEvery: 20})
	require.NoError(t, err)
	return r
}

func planOf(t *testing.T, text string) *plan {
	t.Helper()
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("every disk is opened under -race")
	}
	t.Parallel()
	p, err := parse(t, text).plan()
	require.NoError(t, err)
	return p
}

// A known disk is not opened again. What it showed is compared with each later schedule.
func TestTheRecordsOfAKnownDiskAreCheckedAfterEachSchedule(t *testing.T) {
	p := planOf(t, reference)
	require.Empty(t, searchPlan(t, p).Findings)
	known := *p.reopenings.known.Load()
	require.NotEmpty(t, known)
	require.Less(t, len(known), 20, "of 300 schedules")
	for image, records := range known {
		require.Len(t, records, 3)
		known[image] = records[:2] // as if the last record had been lost
	}
	r := searchPlan(t, p)
	require.Len(t, r.Findings, 1)
	require.Equal(t, check.CleanRecovery.Name, Violation(r.Findings[0].Failure).Promise.Name)
}

// An execution that uses the memory of the one before gives the same result as one with memory of its own.
func TestSchedulesWithOldAndWithNewPartsAreTheSame(t *testing.T) {
	for _, program := range []string{
		reference,
		"v1 scenario=log handover=stale; w0: append 1, flush, append 2; r0: read - end, read last end",
		"v1 scenario=log handover=snapshot interval=1s; t0: append 1, reopen, append 1; t1: other 1, read - end",
		"v1 scenario=log handover=snapshot; t0: append 1, cancel t1, close, handle; t1: append 1, flush, closestore",
	} {
		t.Run("", func(t *testing.T) {
			p := planOf(t, program)
			again := searchPlan(t, p)
			p.wrong = func(_ *run, e harness.Engine) harness.Engine { return e } // then nothing is kept, and every disk is opened
			anew := searchPlan(t, p)
			again.Duration, anew.Duration = 0, 0
			require.Equal(t, anew.Statistics, again.Statistics)
			require.Len(t, again.Findings, len(anew.Findings))
			for i, f := range anew.Findings {
				require.Equal(t, f.Schedule, again.Findings[i].Schedule)
				require.Equal(t, f.Failure.Message, again.Findings[i].Failure.Message)
			}
		})
	}
}

func TestAnEngineThatGoesOnWithAReadAfterItsEndPanics(t *testing.T) {
	t.Parallel()
	s := &scanning{take: func(harness.Record, error) bool { return false }, over: true}
	require.Panics(t, func() { s.taken(harness.Record{}, nil) })
	c := &thread{reading: reading{over: true}}
	require.Panics(t, func() { c.taken(storage.Record{}, nil) })
}
