package sched

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// between fails if b runs while a stands between its first and its third point.
func between(x *Execution) {
	stage := 0
	x.Go("a", func(t *T) {
		for _, p := range []*failpoints.Point{pointLoad, pointStore, pointWait} {
			failpoints.Yield(t.Context(), p)
			stage++
		}
	})
	x.Go("b", func(t *T) {
		if stage == 1 || stage == 2 {
			t.Fail(errors.New("now"))
		}
	})
}

func TestAWindowReachesAsFarAsTheSwitchCanBeMoved(t *testing.T) {
	if raceEnabled {
		t.Skip("the scenario is a data race")
	}
	t.Parallel()
	r := NewRunner(between, Options{})
	s, err := ParseSchedule("a@" + pointStore.Name() + "#1>b")
	require.NoError(t, err)
	out := r.Replay(s, true)
	require.NotNil(t, out.Failure)
	windows := r.Windows(out)
	require.Len(t, windows, 1)
	require.Equal(t, Place{"a", pointStore.Name(), 1}, windows[0].From)
	require.Equal(t, Place{"a", pointWait.Name(), 1}, windows[0].To)
	require.Equal(t, "b", windows[0].Other)
	require.True(t, windows[0].Preempts)
	passes, change := r.Nearest(out)
	require.Nil(t, passes.Failure)
	require.Empty(t, passes.Schedule)
	require.Equal(t, "without the preemption a@"+pointStore.Name()+"#1>b", change)
}

func TestASwitchThatNobodyWasPreemptedByIsCalledASwitch(t *testing.T) {
	t.Parallel()
	r := NewRunner(func(x *Execution) {
		var first atomic.Value
		for _, name := range []string{"a", "b"} {
			x.Go(name, func(t *T) {
				first.CompareAndSwap(nil, name)
				if first.Load() == "b" {
					t.Fail(errors.New("b was first"))
				}
			})
		}
	}, Options{})
	s, err := ParseSchedule("start>b")
	require.NoError(t, err)
	out := r.Replay(s, true)
	_, change := r.Nearest(out)
	require.Equal(t, "without the switch start>b", change)
	require.Empty(t, r.Windows(out))
}

// An execution without an end is long: two thousand of them would take minutes.
func TestTheSearchOfNearbySchedulesIsBoundedInSteps(t *testing.T) {
	if raceEnabled {
		t.Skip("the scenario is a data race")
	}
	t.Parallel()
	began, over := 0, false
	r := NewRunner(func(x *Execution) {
		began, over = began+1, false
		x.Go("a", func(t *T) {
			for !over {
				failpoints.Yield(t.Context(), pointLoad)
			}
		})
		x.Go("b", func(t *T) {
			for range 3 {
				failpoints.Yield(t.Context(), pointStore)
			}
		})
	}, Options{StepLimit: 5_000})
	s, err := ParseSchedule("a@" + pointLoad.Name() + "#1>b, b@" + pointStore.Name() + "#2>a, a@" + pointLoad.Name() + "#2>b")
	require.NoError(t, err)
	out := r.Run(Follow(s), true)
	require.NotNil(t, out.Failure)
	require.Greater(t, out.Steps, 5_000)
	for name, look := range map[string]func(*nearby){"windows": func(n *nearby) { n.windows(out) }, "nearest": func(n *nearby) { n.nearest(out) }} {
		began = 0
		look(&nearby{r, nearbyExecutions, 3 * out.Steps})
		require.NotZero(t, began, name)
		require.LessOrEqual(t, began, 4, name)
	}
}
