package sched

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

func TestAnExecutionFindsWhatTheOneBeforeHasKept(t *testing.T) {
	t.Parallel()
	var found []any
	n := 0
	r, err := Search(context.Background(), func(x *Execution) {
		found = append(found, x.Kept())
		again := x.Kept()
		x.Go("a", func(*T) {})
		x.Finally(func(t *T) {
			if again != nil {
				t.Fail(errors.New("what was kept was taken twice"))
			}
			if n++; n != 2 { // the second keeps nothing
				x.Keep(n)
			}
		})
	}, Options{Strategy: "random", Schedules: 4, Workers: 1, RepeatEvery: -1})
	require.NoError(t, err)
	require.Empty(t, r.Findings)
	want := []any{nil, 1, nil, 3}
	if raceEnabled {
		want = make([]any, 4)
	}
	require.Equal(t, want, found)
}

// The second task of a name has a number in reports, and its thread serves the second task of the next execution.
func TestATaskWithANumberUsesAThreadAgain(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("no thread is used again under -race")
	}
	var first []*thread
	executions := 0
	r, err := Search(context.Background(), func(x *Execution) {
		x.Go("a", func(t *T) {
			for range 2 {
				failpoints.Go(t.Context(), "task", func(ctx context.Context) { failpoints.Yield(ctx, pointLoad) })
			}
		})
		x.Finally(func(t *T) {
			if executions++; first == nil {
				first = slices.Clone(x.threads)
			}
			for i, name := range []string{"a", "a/task", "a/task#2"} {
				if x.threads[i].name != name || !slices.Contains(first, x.threads[i]) {
					t.Fatalf("thread %d is %s, and was not used before", i, x.threads[i].name)
				}
			}
		})
	}, Options{Strategy: "random", Schedules: 5, Workers: 1, RepeatEvery: -1})
	require.NoError(t, err)
	require.Empty(t, r.Findings)
	require.Equal(t, 5, executions)
}
