package sched_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

var (
	ticks  = failpoints.WaitPoint("test", "inherited/tick")
	joined = failpoints.WaitPoint("test", "inherited/joined")
)

type valueKey struct{}

// A ticker that ends with its context is how most objects keep a timer.
func TestATaskHasTheContextThatItWasStartedWith(t *testing.T) {
	t.Parallel()
	failpoints.Register("test", "inherited/any", failpoints.KindYield, "inherited_test.go", 1) // waits are controlled
	seen := 0
	out := sched.NewRunner(func(x *sched.Execution) {
		ctx, stop := context.WithCancel(context.WithValue(x.Context(), valueKey{}, "value"))
		done := make(chan struct{})
		failpoints.Go(ctx, "ticker", func(ctx context.Context) {
			defer close(done)
			if ctx.Value(valueKey{}) == "value" {
				seen++
			}
			for failpoints.Sleep(ctx, ticks, time.Second) == nil {
			}
		})
		x.Go("client", func(*sched.T) {})
		x.Finally(func(t *sched.T) {
			stop()
			_, _, err := failpoints.Receive(t.Context(), joined, done)
			if err != nil {
				t.Fail(err)
			}
		})
	}, sched.Options{}).Replay(nil, false)
	require.Nil(t, out.Failure, "%v", out.Failure)
	require.Positive(t, seen)
}
