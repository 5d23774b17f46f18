package sched

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// contended has two threads that write what both share, four steps each.
func contended(x *Execution) {
	for _, name := range []string{"a", "b"} {
		x.Go(name, func(t *T) {
			for range 4 {
				failpoints.Yield(t.Context(), pointStore)
			}
		})
	}
}

// after returns the mixture of a search that has ended, and in which so many guided schedules came first.
func after(t *testing.T, before uint64, o Options) *mixture {
	t.Helper()
	o, err := o.withDefaults()
	require.NoError(t, err)
	m, s := newMixture(o), newSearch(t.Context(), Scenario(contended).mechanism, o)
	m.before = before
	s.sample(m, everything)
	return m
}

// Each learner had four walks of its own, so in a search of a few dozen schedules most were walks.
func TestAllLearnersLearnFromTheSameWalks(t *testing.T) {
	t.Parallel()
	m := after(t, 0, Options{Schedules: profiled, Workers: 1})
	require.Len(t, m.lesson.learners, 3)
	for _, s := range m.lesson.learners {
		switch s := s.(type) {
		case *pct:
			require.Equal(t, []int{5, 5}, s.most[:2])
			require.GreaterOrEqual(t, s.longest, 10)
		case *surw:
			require.Len(t, s.profiles, 2)
			require.NotEmpty(t, s.candidates)
		case *guided:
			require.Equal(t, []int{5, 5}, s.shared.known.most[:2])
			require.NotEmpty(t, s.shared.known.goals)
			require.EqualValues(t, firstGeneration, s.shared.plan.from, "its first generation is over")
		}
	}
}

// Guided schedules have no second beginning: they would wait for a generation that nobody executes.
func TestGuidedSchedulesThatCameFirstTakeNoLessons(t *testing.T) {
	t.Parallel()
	m := after(t, guidedFirst, Options{Schedules: profiled, Workers: 1})
	require.Len(t, m.lesson.learners, 2)
	for i, s := range m.all {
		if isGuided(s) {
			_, had := m.turn(profiled)
			require.Zero(t, had)
			require.Zero(t, s.(*guided).shared.plan.from)
			require.NotContains(t, m.lesson.learners, m.all[i])
		}
	}
}

// What guided schedules know of the steps of each thread is what PCT knows.
func TestGuidedSchedulesLearnTheStepsOfEachThread(t *testing.T) {
	t.Parallel()
	m := after(t, 0, Options{Strategy: "guided", Schedules: 40, Workers: 3})
	known := &m.all[0].(*guided).shared.known
	require.Equal(t, []int{5, 5}, known.most[:2])
	require.GreaterOrEqual(t, known.longest, 10)
}

// Random priorities that threads draw again gave schedules of many switches, where most bugs need few.
func TestGuidedSchedulesSwitchAsSeldomAsPCT(t *testing.T) {
	t.Parallel()
	switches := func(strategy string) (all int) {
		explore(t, func(x *Execution) {
			var mu sync.Mutex
			last, times := "", 0
			for _, name := range []string{"a", "b"} {
				x.Go(name, func(t *T) {
					for range 20 {
						failpoints.Yield(t.Context(), pointStore)
						mu.Lock()
						if last != name {
							last, times = name, times+1
						}
						mu.Unlock()
					}
				})
			}
			x.Finally(func(*T) { all += times })
		}, Options{Strategy: strategy, Schedules: 200, Seed: 1, Workers: 1, RepeatEvery: -1})
		return all
	}
	walks, pct, guided := switches("random"), switches("pct"), switches("guided")
	require.Less(t, 2*pct, walks)
	require.Less(t, guided, 2*pct, "its aims make it switch, too")
	require.Less(t, 2*guided, walks)
}
