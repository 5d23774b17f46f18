package log

import (
	"context"
	"iter"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

// BenchmarkReferenceInSwitches says what a schedule of the reference case costs in bare coroutine switches, there and back: both are
// measured in processor time and in turns, so other work on the machine changes both. "-bytes" and "-allocs" are for a schedule.
func BenchmarkReferenceInSwitches(b *testing.B) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for yield(1) {
		}
	})
	defer stop()
	_, s := scenario(b, reference)
	search := func(schedules int) {
		r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "pos", Schedules: schedules, Workers: 1, RepeatEvery: -1})
		require.NoError(b, err)
		require.Empty(b, r.Findings)
	}
	search(1000)
	var switches, schedules []float64
	b.ReportAllocs()
	for b.Loop() {
		const pulls, each = 50_000, 1000
		schedules = append(schedules, processor(func() { search(each) })/each)
		switches = append(switches, processor(func() {
			for range pulls {
				next()
			}
		})/pulls)
	}
	slices.Sort(switches)
	slices.Sort(schedules)
	middle := len(switches) / 2
	b.ReportMetric(schedules[middle]/switches[middle], "switches/schedule")
	b.ReportMetric(schedules[middle], "cpu-ns/schedule")
	b.ReportMetric(switches[middle], "cpu-ns/switch")
}

// processor is the processor time that the process uses while do runs, in nanoseconds.
func processor(do func()) float64 {
	var before, after syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &before) != nil {
		return 0
	}
	do()
	if syscall.Getrusage(syscall.RUSAGE_SELF, &after) != nil {
		return 0
	}
	used := func(u syscall.Rusage) time.Duration {
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return float64(used(after) - used(before))
}
