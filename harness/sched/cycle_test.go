package sched

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// A pair of claims: who claims waits until the other has no claim.
type pair struct{ claims [2]atomic.Bool }

// enter does not give way, so that two who claim at a time wait for ever.
func (p *pair) enter(ctx context.Context, me int) {
	failpoints.Yield(ctx, pointLock)
	p.claims[me].Store(true)
	for {
		failpoints.Yield(ctx, pointLoad)
		if !p.claims[1-me].Load() {
			break
		}
	}
	failpoints.Yield(ctx, pointStore)
	p.claims[me].Store(false)
}

// ordered is enter in which the second gives way.
func (p *pair) ordered(ctx context.Context, me int) {
	for {
		failpoints.Yield(ctx, pointLock)
		p.claims[me].Store(true)
		failpoints.Yield(ctx, pointLoad)
		if !p.claims[1-me].Load() {
			break
		}
		if me == 1 {
			failpoints.Yield(ctx, pointWait)
			p.claims[me].Store(false)
		}
	}
	failpoints.Yield(ctx, pointStore)
	p.claims[me].Store(false)
}

func livelock(enter func(p *pair, ctx context.Context, me int)) Scenario {
	return func(x *Execution) {
		p := &pair{}
		for i, name := range []string{"a", "b"} {
			x.Go(name, func(t *T) { enter(p, t.Context(), i) })
		}
	}
}

func TestALivelockIsItsCycle(t *testing.T) {
	t.Parallel()
	bug, seeds := livelock((*pair).enter), uint64(3)
	if raceEnabled { // an execution that spins to its limit is dear
		seeds = 1
	}
	for _, strategy := range []string{"random", "pos", "surw"} {
		for seed := range seeds {
			r := explore(t, bug, Options{Strategy: strategy, Seed: seed, Schedules: 200})
			require.NotEmpty(t, r.Findings, strategy)
			f := r.Findings[0]
			require.True(t, f.Failure.hangs())
			require.Less(t, len(f.Schedule.String()), 200, "a person and a shell can take it: %.300s", f.Schedule)
			runner := NewRunner(bug, Options{})
			small := runner.Shrink(f.Schedule)
			require.Equal(t, "(a@test/load#*>b, b@test/load#*>a)*", small.Schedule.String())
			require.False(t, small.Early)
			require.Equal(t, 2, small.Preemptions, "of one round")
			read, err := ParseSchedule(small.Schedule.String())
			require.NoError(t, err)
			for range 3 {
				out := runner.Replay(read, false)
				require.NotNil(t, out.Failure)
				require.Equal(t, f.Failure.Class(), out.Failure.Class())
				require.Equal(t, read, out.Schedule)
			}
		}
	}
}

func TestAPairThatGivesWayIsNoLivelock(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"random", "pos", "surw"} {
		require.Empty(t, explore(t, livelock((*pair).ordered), Options{Strategy: strategy, Schedules: 1000}).Findings, strategy)
	}
}

// Claims are made after passes of different lengths, and a round has several stops.
func TestACycleMayComeLateAndBeLong(t *testing.T) {
	t.Parallel()
	bug := func(x *Execution) {
		p := &pair{}
		for i, name := range []string{"a", "b", "c"} {
			x.Go(name, func(t *T) {
				for range 5 * (i + 1) {
					failpoints.Yield(t.Context(), pointStore)
				}
				if i == 2 {
					return
				}
				p.claims[i].Store(true)
				for looking := true; looking; looking = p.claims[1-i].Load() {
					failpoints.Yield(t.Context(), pointLock)
					failpoints.Yield(t.Context(), pointLoad)
					failpoints.Yield(t.Context(), pointLoad)
				}
				p.claims[i].Store(false)
			})
		}
	}
	r := explore(t, bug, Options{Strategy: "random", Schedules: 2000})
	require.Len(t, r.Findings, 1)
	before, cycle := NewRunner(bug, Options{}).Shrink(r.Findings[0].Schedule).Schedule.Cycle()
	require.LessOrEqual(t, len(before), 6, "%v", before)
	require.NotEmpty(t, cycle)
	require.LessOrEqual(t, len(cycle), 6, "%v", cycle)
}

func TestTheCycleIsLeftWhenAThreadOfItEnds(t *testing.T) {
	t.Parallel()
	s, err := ParseSchedule("(a@test/load#*>b, b@test/load#*>a)*")
	require.NoError(t, err)
	require.Nil(t, NewRunner(yields(5), Options{}).Replay(s, false).Failure)
}
