package sched_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
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

// twoStage has writers that change one variable and then another one, each under a lock of its own, and a thread that fails if it finds the
// first stage without the second.
func twoStage(writers int) func() sched.Mechanism {
	var all []program
	for i := range writers {
		all = append(all, thread(fmt.Sprintf("write%d", i), lock("first"), set("one", 1), unlock("first"), lock("second"), set("two", 1), unlock("second")))
	}
	reads := []instruction{lock("first"), load("one"), add("begun", 0), unlock("first"), lock("second"), load("two"), add("ended", 0), unlock("second")}
	for i := range reads {
		reads[i].at = "read." + reads[i].point() // it is other code than the writers'
	}
	all = append(all, thread("read", reads...))
	return makes(func(m *machine) error {
		if m.cells["begun"] == 1 && m.cells["ended"] == 0 {
			return errors.New("the first stage is over, and the second has not begun")
		}
		return nil
	}, all...)
}

var guidedSeeds = flag.Uint64("guided.seeds", 5, "with how many `seeds` the programs of studies are searched")

// The bar is that of RFF's study.
func TestAnOrderOfAHundredThreadsIsFoundByWhatSchedulesHaveShown(t *testing.T) {
	t.Parallel()
	for name, study := range map[string]func() sched.Mechanism{"reorder_100": reorder(99), "twostage_100": twoStage(99)} {
		for _, strategy := range []string{"", "guided"} {
			var after []uint64
			for seed := range *guidedSeeds {
				f, err := found(study, sched.Options{Strategy: strategy, Schedules: 2000, Seed: seed, Workers: 1})
				require.NoError(t, err, "%s, %q, seed %d", name, strategy, seed)
				require.LessOrEqual(t, f.After, uint64(100), "%s, %q, seed %d", name, strategy, seed)
				after = append(after, f.After)
			}
			slices.Sort(after)
			t.Logf("%s, %q: median %d, worst %d of %d seeds", name, strategy, after[len(after)/2], after[len(after)-1], len(after))
		}
	}
	missed := 0
	for seed := range uint64(5) {
		if _, err := found(reorder(99), sched.Options{Strategy: "pct", Schedules: 100, Seed: seed, Workers: 1}); errors.Is(err, errNothing) {
			missed++
		}
	}
	require.GreaterOrEqual(t, missed, 3, "PCT does not come there")
}

// Workers that execute a generation side by side show each other nothing of it.
func TestGuidedSchedulesAreTheSameWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	var first sched.Result
	for _, workers := range []int{1, 4} {
		r, err := sched.SearchMechanism(context.Background(), reorder(5), sched.Options{Strategy: "guided", Schedules: 500, Seed: 3, Workers: workers, All: true})
		require.NoError(t, err)
		r.Duration, r.Confirmed = 0, 0
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

// What is small is executed first, each schedule once; only what does not fit is begun by what is guided.
func TestASmallProgramIsEnumeratedBeforeAnythingIsGuided(t *testing.T) {
	t.Parallel()
	f, err := found(reorder(1), sched.Options{Schedules: 2000, Seed: 1, Workers: 1})
	require.NoError(t, err)
	require.Equal(t, "bounded(1)", f.Strategy)

	for _, workers := range []int{1, 3} {
		r, err := sched.SearchMechanism(context.Background(), reorder(99), sched.Options{Schedules: 300, Seed: 1, Workers: workers, All: true})
		require.NoError(t, err)
		require.EqualValues(t, 300, r.Schedules, "what comes first counts")
		require.Equal(t, "guided", r.Findings[0].Strategy)
	}
}
