package sched

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// concluding is a scenario whose conclusion asks again and again whether all is done, as the last lines of a test do. With a lost update
// it never is.
func concluding(asks func(ctx context.Context)) Scenario {
	return func(x *Execution) {
		c := &counter{}
		for _, name := range []string{"a", "b"} {
			x.Go(name, func(t *T) { c.increment(t.Context()) })
		}
		x.Finally(func(t *T) {
			for c.load() != 2 {
				asks(t.Context())
			}
		})
	}
}

func TestAConclusionThatNeverEndsIsALivelock(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	for name, asks := range map[string]func(ctx context.Context){
		"passes": func(ctx context.Context) { failpoints.Yield(ctx, pointLoad) },
		"waits": func(ctx context.Context) {
			failpoints.Lock(ctx, pointLock, &mu)
			mu.Unlock()
		},
		"sleeps": func(ctx context.Context) { failpoints.Sleep(ctx, pointWait, time.Millisecond) },
	} {
		r := explore(t, concluding(asks), Options{Strategy: "random", Schedules: 50, StepLimit: 2000, Workers: 1})
		require.Len(t, r.Findings, 1, name)
		f := r.Findings[0]
		require.Equal(t, Livelock, f.Failure.Kind, "%s: %v", name, f.Failure)
		require.Contains(t, f.Failure.Message, "after the threads have ended", name)
		small := NewRunner(concluding(asks), Options{StepLimit: 2000}).Shrink(f.Schedule)
		require.Equal(t, "a@test/store#1>b", small.Schedule.String(), name)
		require.False(t, small.Early)
	}
}

func TestAConclusionThatIsOnlyLongIsRight(t *testing.T) {
	t.Parallel()
	out := NewRunner(func(x *Execution) {
		var heap atomic.Int64
		x.Go("a", func(t *T) { failpoints.Yield(t.Context(), pointLoad) })
		x.Finally(func(t *T) {
			for n := 0; n < 3*leastLingering; n++ {
				failpoints.Yield(t.Context(), pointLoad)
				heap.Add(1)
			}
		})
	}, Options{StepLimit: 500}).Replay(nil, false)
	require.Nil(t, out.Failure)
}
