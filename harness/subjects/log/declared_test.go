package log

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// This file holds what the engine's points declare against what its steps touch. Small programs are enumerated twice: in every
// order, and up to the order of steps that share nothing by their declarations. If a step touches what its point does not
// declare, orders or outcomes are lost, or a thread stands elsewhere after the same steps in another order.

// enumerated is what the schedules of a program have shown.
type enumerated struct {
	sched.Result
	outcomes map[string]bool
}

func enumerate(t *testing.T, text string, bound int, reduced bool) (e enumerated) {
	t.Helper()
	p, err := parse(t, text).plan()
	require.NoError(t, err)
	require.True(t, p.c.declared(), text)
	var mu sync.Mutex
	e.outcomes = map[string]bool{}
	p.wrong = func(r *run, engine harness.Engine) harness.Engine { // it is right, and tells what came of the execution
		if !r.Reads {
			r.Reads = true
			r.execution.AtEnd(func() {
				mu.Lock()
				defer mu.Unlock()
				e.outcomes[outcomeOf(r)] = true
			})
		}
		return engine
	}
	e.Result, err = sched.Search(context.Background(), p.scenario, sched.Options{Strategy: "bounded", Preemptions: bound, All: true, Reduced: reduced, RepeatEvery: -1})
	require.NoError(t, err, text)
	return e
}

// outcomeOf is what clients have seen of the log: what each read yielded, how far the log was durable in the end, and in which order
// transactions were acknowledged.
func outcomeOf(r *run) string {
	var all []any
	for _, t := range r.threads {
		all = append(all, t.reads, t.failed)
	}
	for i := range r.acked {
		all = append(all, r.acked[i].Load())
	}
	return fmt.Sprint(append(all, r.flushed.Load(), r.durables.Load()))
}

// declaredPrograms are executed with at most so many preemptions. If flush/lock or flush/synced declares its resource alone, or
// read/before-metadata does, one of them loses orders or is refused. The rest of what points declare in Also was found by reading.
var declaredPrograms = []struct {
	text  string
	bound int
}{
	{"handover=snapshot; w0: append 1, flush; r0: read - end", 2},
	{"handover=snapshot arena=64 chunk=64 segment=128; w0: append 1, flush; c0: append 1, read - end", 1},
	{"handover=snapshot; w0: appenddurable 1; c0: flush, visible", 1},
	{"handover=snapshot; w0: abort 1+1; c0: flush, durable", 1},
	{"handover=retain; w0: append 1, flush; r0: read - end", 2},
	{"handover=retain; w0: append 2, append 1; c0: flush, read - end", 1},
	{"handover=stale; w0: append 1, flush; r0: read - end", 1},
	{"handover=recheck; w0: append 1, flush; r0: read - end", 1},
	{"handover=snapshot; w0: append 1; r0: read - end, read - end", 2},
	{"handover=snapshot; w0: append 1; f0: flush; r0: read - end", 1},
}

// estimated is the estimate of a program's space, as explore --exhaustive says it, which knows nothing of what is reduced.
func estimated(t *testing.T, text string, bound int) float64 {
	t.Helper()
	p, err := parse(t, text).plan()
	require.NoError(t, err)
	space, err := sched.EstimateSpace(context.Background(), p.scenario, sched.Options{Preemptions: bound, Seed: 1}, 200, time.Minute)
	require.NoError(t, err)
	require.Len(t, space, bound+1)
	return space.Schedules()
}

// The page has a row for each program: the estimate, and the schedules that are executed in every order and reduced. If the engine's
// points have changed, put the rows that this test logs into the page.
func TestThePointsOfTheEngineDeclareWhatItsStepsTouch(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a search under -race is not reduced")
	}
	t.Parallel()
	page, err := os.ReadFile("../../sched/README.md")
	require.NoError(t, err)
	var plain, reduced uint64
	for _, p := range declaredPrograms {
		text := "v1 scenario=log " + p.text
		all, less := enumerate(t, text, p.bound, false), enumerate(t, text, p.bound, true)
		require.True(t, all.ExhaustedTo(p.bound), text)
		require.True(t, less.ExhaustedTo(p.bound), text)
		require.Equal(t, all.PartialOrders, less.PartialOrders, "partial orders of %s", text)
		require.Equal(t, outcomes(all), outcomes(less), text)
		require.Equal(t, classes(all), classes(less), text)
		plain, reduced = plain+all.Schedules, reduced+less.Schedules
		row := fmt.Sprintf("| `%s` | %d | %.0f | %d | %d | %.2f |", p.text, p.bound, estimated(t, text, p.bound), all.Schedules, less.Schedules, float64(all.Schedules)/float64(less.Schedules))
		t.Log(row)
		assert.Contains(t, string(page), "\n"+row+"\n")
	}
	require.Less(t, reduced, plain)
	t.Logf("%d schedules, %d up to the order of steps that share nothing", plain, reduced)
}

func outcomes(e enumerated) (all []string) {
	for o := range e.outcomes {
		all = append(all, o)
	}
	slices.Sort(all)
	return all
}

func classes(e enumerated) (all []string) {
	for _, f := range e.Findings {
		all = append(all, f.Failure.Class())
	}
	slices.Sort(all)
	return all
}
