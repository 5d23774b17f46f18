package log

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

func scenario(t testing.TB, text string) (Case, sched.Scenario) {
	t.Helper()
	c, err := Parse(text)
	require.NoError(t, err)
	s, err := c.Scenario()
	require.NoError(t, err)
	return c, s
}

func TestTheScheduleOfTheAnalysedBug(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	_, s := scenario(t, "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end")
	r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "bounded", Preemptions: 1})
	require.NoError(t, err)
	require.Len(t, r.Findings, 1)
	f := r.Findings[0]
	t.Log(f.Schedule, f.Failure, r.Statistics)
	v := Violation(f.Failure)
	require.NotNil(t, v)
	require.Equal(t, "ReadAfterWrite", v.Promise.Name)
	require.Equal(t, 1, f.Preemptions)
	out := sched.NewRunner(s, sched.Options{}).Replay(f.Schedule, true)
	require.Equal(t, f.Failure.Message, out.Failure.Message)
	for _, e := range out.Events {
		t.Logf("%+v", e)
	}
}

// The reference case of the benchmarks: one writer with three appends of a record and two flushes, two readers with two reads
// each.
const reference = "v1 scenario=log handover=snapshot; w0: append 1, flush, append 1, flush, append 1; r0: read - end, read last end; r1: read - end, read last end"

func BenchmarkReference(b *testing.B) {
	for _, strategy := range []string{"random", "bounded", "pct", "pos", "surw", ""} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("strategy=%s/workers=%d", strategy, workers), func(b *testing.B) {
				_, s := scenario(b, reference)
				b.ReportAllocs()
				r, err := sched.Search(context.Background(), s, sched.Options{Strategy: strategy, Preemptions: 2, Schedules: b.N, Workers: workers, RepeatEvery: -1})
				require.NoError(b, err)
				require.Empty(b, r.Findings)
				b.ReportMetric(r.Rate(), "schedules/s")
				b.ReportMetric(float64(r.Steps)/float64(r.Schedules), "steps")
			})
		}
	}
}
