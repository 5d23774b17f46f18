package sched_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

// reorder has setters that store two variables one after the other, and a thread that fails if it sees the first alone.
func reorder(setters int) func() sched.Mechanism {
	var all []program
	for i := range setters {
		all = append(all, thread(fmt.Sprintf("set%d", i), set("a", 1), set("b", 1)))
	}
	all = append(all, thread("check", load("a"), add("begun", 0), load("b"), add("ended", 0)))
	return makes(func(m *machine) error {
		if m.cells["begun"] == 1 && m.cells["ended"] == 0 {
			return errors.New("a setter has begun, and none has ended")
		}
		return nil
	}, all...)
}

func TestAnOrderOfAHundredThreadsIsFoundByWhatSchedulesHaveShown(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		for _, strategy := range []string{"", "guided"} {
			f, err := found(reorder(99), sched.Options{Strategy: strategy, Schedules: 2000, Seed: seed, Workers: 1})
			require.NoError(t, err, "%q, seed %d", strategy, seed)
			require.Equal(t, "guided", f.Strategy)
			require.LessOrEqual(t, f.After, uint64(100), "%q, seed %d", strategy, seed)
		}
	}
	for _, strategy := range []string{"random", "pct", "pos"} {
		_, err := found(reorder(99), sched.Options{Strategy: strategy, Schedules: 100, Seed: 1, Workers: 1})
		require.ErrorIs(t, err, errNothing, "%s: chance does not come there", strategy)
	}
}

// Workers that execute a generation side by side show each other nothing of it.
func TestGuidedSchedulesAreTheSameWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	var first sched.Result
	for _, workers := range []int{1, 4} {
		r, err := sched.SearchMechanism(context.Background(), reorder(5), sched.Options{Strategy: "guided", Schedules: 500, Seed: 3, Workers: workers, All: true})
		require.NoError(t, err)
		r.Duration, r.Repeated = 0, 0
		require.Greater(t, r.Distinct, uint64(100))
		require.Len(t, r.Findings, 1)
		if workers == 1 {
			first = r
		}
		require.Equal(t, first.Findings, r.Findings)
		require.Equal(t, []uint64{first.Steps, first.Distinct, first.PartialOrders}, []uint64{r.Steps, r.Distinct, r.PartialOrders})
	}
}

// Who must store is the one that is held for the other's store.
func TestAThreadThatWaitsForOneThatIsHeldComesToItsEnd(t *testing.T) {
	t.Parallel()
	r, err := sched.SearchMechanism(context.Background(), makes(nil,
		thread("a", backWhile("busy", 0), set("busy", 0), load("x"), set("x", 1), set("go", 0)),
		thread("b", set("go", 1), backWhile("go", 0), load("x"), set("x", 2)),
	), sched.Options{Strategy: "guided", Schedules: 500, Seed: 1, StepLimit: 5000})
	require.NoError(t, err)
	require.Empty(t, r.Findings)
	require.Zero(t, r.Unknown)
}

// A mechanism that tells the sites of a point apart has them aimed at one by one.
func TestOperationsThatShareAPointsNameAreToldApart(t *testing.T) {
	t.Parallel()
	r, err := found(func() sched.Mechanism { return sited{reorder(99)().(*machine)} }, sched.Options{Schedules: 2000, Seed: 1, Workers: 1})
	require.NoError(t, err)
	require.LessOrEqual(t, r.After, uint64(100))
}

// Sited is a machine all points of which have one name.
type sited struct{ *machine }

func (s sited) Candidates(all []sched.Candidate) []sched.Candidate {
	from := len(all)
	all = s.machine.Candidates(all)
	for i := from; i < len(all); i++ {
		if c := &all[i]; c.Point > sched.AtEnd {
			c.Site, c.Point = uint32(c.Point), sched.AtEnd+1
		}
	}
	return all
}

// What fits is executed as before, each schedule once; only what does not fit is begun by what is guided.
func TestASmallProgramIsEnumeratedBeforeAnythingIsGuided(t *testing.T) {
	t.Parallel()
	f, err := found(reorder(2), sched.Options{Schedules: 2000, Seed: 1, Workers: 1})
	require.NoError(t, err)
	require.Equal(t, "bounded(1)", f.Strategy)

	for _, workers := range []int{1, 3} {
		r, err := sched.SearchMechanism(context.Background(), reorder(99), sched.Options{Schedules: 300, Seed: 1, Workers: workers, All: true})
		require.NoError(t, err)
		require.EqualValues(t, 300, r.Schedules, "what comes first counts")
		require.Equal(t, "guided", r.Findings[0].Strategy)
	}
}
