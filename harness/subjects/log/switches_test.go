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
// measured in processor time and in turns, so other work on the machine changes both. "-bytes" and "-allocs" are for a round of 1000
// schedules by one worker and as many by two. "two/one" is what a schedule of two workers costs beside one of a single worker: with
// a core for each, two workers are 2 / (two/one) times as fast.
func BenchmarkReferenceInSwitches(b *testing.B) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for yield(1) {
		}
	})
	defer stop()
	_, s := scenario(b, reference)
	search := func(schedules, workers int) func() {
		return func() {
			r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "pos", Schedules: schedules, Workers: workers, RepeatEvery: -1})
			require.NoError(b, err)
			require.Empty(b, r.Findings)
		}
	}
	search(1000, 2)()
	var switches, one, two []float64
	b.ReportAllocs()
	for b.Loop() {
		const pulls, each = 50_000, 1000
		one = append(one, processor(search(each, 1))/each)
		two = append(two, processor(search(each, 2))/each)
		switches = append(switches, processor(func() {
			for range pulls {
				next()
			}
		})/pulls)
	}
	b.ReportMetric(median(one)/median(switches), "switches/schedule")
	b.ReportMetric(median(one), "cpu-ns/schedule")
	b.ReportMetric(median(switches), "cpu-ns/switch")
	b.ReportMetric(median(two)/median(one), "two/one")
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
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
