package sched

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// repeated are so many instructions.
func repeated(n int, i ...instruction) (all []instruction) {
	for range n {
		all = append(all, i...)
	}
	return all
}

// spaces are programs whose schedules are counted by enumeration, each with its highest bound.
var spaces = []struct {
	name     string
	program  modelProgram
	strategy string
	bound    int
}{
	{"two threads of 8 steps", modelProgram{clients: [][]instruction{repeated(8, opYield), repeated(8, opYield)}}, "bounded", 3},
	{"three threads of 4 steps", modelProgram{clients: [][]instruction{repeated(4, opYield), repeated(4, opYield), repeated(4, opYield)}}, "bounded", 2},
	{"five threads of 2 steps", modelProgram{clients: [][]instruction{repeated(2, opYield), repeated(2, opYield), repeated(2, opYield), repeated(2, opYield), repeated(2, opYield)}}, "bounded", 1},
	{"a lock that two threads take 3 times", modelProgram{clients: [][]instruction{repeated(3, opLock, opYield, opUnlock), repeated(3, opLock, opYield, opUnlock)}}, "bounded", 3},
	{"a lock and steps outside of it", modelProgram{clients: [][]instruction{repeated(2, opYield, opLock, opYield, opUnlock), repeated(2, opYield, opLock, opYield, opUnlock), {opLock, opUnlock}}}, "bounded", 2},
	{"a reader waits for two values", modelProgram{clients: [][]instruction{repeated(2, opReceive, opYield), repeated(2, opYield, opSend), repeated(3, opYield)}}, "bounded", 2},
	{"operations, between which a switch is free", modelProgram{clients: [][]instruction{repeated(4, opBegin, opYield), repeated(4, opBegin, opYield)}}, "bounded", 2},
	{"a thread and the tasks that it starts", modelProgram{clients: [][]instruction{{opTask, opYield, opTask, opYield}, repeated(3, opYield)}, tasks: [][]instruction{repeated(2, opYield)}}, "bounded", 2},
	{"a thread of 40 steps and one of 2", modelProgram{clients: [][]instruction{repeated(40, opYield), repeated(2, opYield)}}, "bounded", 2},
	{"three threads of 4 steps", modelProgram{clients: [][]instruction{repeated(4, opYield), repeated(4, opYield), repeated(4, opYield)}}, "delay-bounded", 3},
}

// The truth lies within four standard errors of the estimate, and a quarter of the truth, whatever the program is. The page has
// these figures.
func TestTheEstimateOfASpaceIsAboutTheNumberOfItsSchedules(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, s := range spaces {
		claims, _ := enumerated(t, s.program, s.strategy, s.bound, 1)
		space, err := EstimateSpace(context.Background(), s.program.scenario(), Options{Strategy: s.strategy, Preemptions: s.bound, Seed: 1}, 500, time.Minute)
		require.NoError(t, err, s.name)
		require.Len(t, space, s.bound+1, s.name)
		truth := 0.0
		for i, c := range claims {
			n := float64(c.Schedules)
			truth += n
			require.InDelta(t, n, space[i].Schedules, math.Max(4*space[i].Error, 1e-6*n), "%s, bound %d", s.name, i)
			require.Equal(t, 500, space[i].Descents)
		}
		require.InEpsilon(t, truth, space.Schedules(), 0.25, s.name)
		last := space[len(space)-1]
		of := "preemption"
		if s.strategy == "delay-bounded" {
			of = "delay"
		}
		row := fmt.Sprintf("| %s | %s | %.0f | %.0f | %.0f %% |", s.name, counted(s.bound, of, of+"s"), truth, space.Schedules(), 100*last.Error/last.Schedules)
		t.Log(row)
		require.Contains(t, string(page), "\n"+row+"\n")
	}
}

// A space of which nobody knows the size is estimated in the same time: 20 threads without a preemption have 20! schedules.
func TestASpaceThatNobodyCanEnumerateHasAnEstimate(t *testing.T) {
	t.Parallel()
	p, factorial := modelProgram{}, 1.0
	for i := range 20 {
		p.clients = append(p.clients, repeated(2, opYield))
		factorial *= float64(i + 1)
	}
	space, err := EstimateSpace(context.Background(), p.scenario(), Options{Seed: 1}, 50, time.Minute)
	require.NoError(t, err)
	require.InEpsilon(t, factorial, space.Schedules(), 1e-9)
	require.Greater(t, space.Time(2), 1000*time.Hour)
}

func TestAnEstimateThatIsInterruptedHasWhatWasDone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	space, err := EstimateSpace(ctx, lostUpdate, Options{Preemptions: 2}, 100, time.Minute)
	require.NoError(t, err)
	require.Empty(t, space)
	require.Zero(t, space.Time(1))
	_, err = EstimateSpace(context.Background(), lostUpdate, Options{Preemptions: -1}, 100, time.Minute)
	require.ErrorContains(t, err, "none may be negative")
}

func ExampleEstimateSpace() {
	space, err := EstimateSpace(context.Background(), lostUpdate, Options{Preemptions: 1}, 100, time.Minute)
	fmt.Println(len(space), err)
	// Output: 2 <nil>
}
