package sched

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// long has far more schedules than a test could execute, and none fails.
func long(x *Execution) {
	for _, name := range []string{"a", "b", "c"} {
		x.Go(name, func(t *T) {
			for range 12 {
				failpoints.Yield(t.Context(), pointLoad)
			}
		})
	}
}

func TestThePortfolioBeginsWithTheFewestPreemptions(t *testing.T) {
	t.Parallel()
	r := explore(t, lostUpdate, Options{Workers: 1})
	require.Len(t, r.Findings, 1)
	require.Equal(t, "bounded(1)", r.Findings[0].Strategy)
	require.Equal(t, []int{0}, bounds(r), "what was exhausted on the way is told")

	require.Equal(t, "with at most one preemption", Within(1, ""))
	require.Equal(t, "with at most 2 delays", Within(2, "delay-bounded"))

	r = explore(t, long, Options{Schedules: 400, Workers: 1})
	require.Equal(t, []int{0}, bounds(r), "of the second bound only a part was affordable")
	require.EqualValues(t, 400, r.Schedules)
	require.Equal(t, "the number of schedules is reached", r.Ended)
	require.Greater(t, r.Distinct, uint64(300), "and then random ones")
}

// A part of an enumeration changes only the last choices, and says nothing of the rest.
func TestAnEnumerationThatCannotEndInItsShareIsLeftAfterItsFirstSchedule(t *testing.T) {
	t.Parallel()
	six := func(x *Execution) { // 720 schedules without a preemption
		for i := range 6 {
			x.Go(string(rune('a'+i)), func(t *T) { failpoints.Yield(t.Context(), pointLoad) })
		}
	}
	longer := passing(slices.Repeat([]*failpoints.Point{pointLoad}, 200), slices.Repeat([]*failpoints.Point{pointLoad}, 200), nil)
	for _, c := range []struct {
		name          string
		program       Scenario
		schedules     int
		claims        []int
		first, second uint64 // schedules before the random ones, and before those that follow the enumerations
	}{
		{"720 of 719 are too many: guided ones come first", six, 4 * 719, nil, 1 + guidedFirst, 1 + guidedFirst},
		{"720 of 720 come after random ones, those with a preemption do not", six, 4 * 720, []int{0}, 1, 1 + 720},
		{"6 without a preemption are few, those with one fit", long, 3 * sampledFirst, []int{0, 1}, 6, 6 + 222},
		{"6 without a preemption are few, those with one too many", longer, 3 * sampledFirst, []int{0}, 6, 6},
	} {
		for _, workers := range []int{1, 4} {
			var before []uint64
			r := explore(t, c.program, Options{Schedules: c.schedules, Workers: workers, Enough: func(s Statistics) bool {
				before = append(before, s.Executions)
				return len(before) == 6
			}})
			require.Equal(t, c.claims, bounds(r), "%s, %d workers", c.name, workers)
			require.Equal(t, c.first, before[0]-firstStage, "%s, %d workers", c.name, workers)
			require.Equal(t, c.first, before[4]-sampledFirst, "%s, %d workers", c.name, workers)
			require.Equal(t, c.second, before[5]-2*sampledFirst, "%s, %d workers", c.name, workers)
		}
	}
}

func TestAnEnumerationOfFewSchedulesComesFirst(t *testing.T) {
	t.Parallel()
	two := func(steps int) Scenario {
		return func(x *Execution) {
			for _, name := range []string{"a", "b"} {
				x.Go(name, func(t *T) {
					for range steps {
						failpoints.Yield(t.Context(), pointLoad)
					}
				})
			}
		}
	}
	for _, workers := range []int{1, 4} {
		for steps, both := range map[int]bool{4: true, 12: false} {
			before := uint64(0)
			r := explore(t, two(steps), Options{Schedules: 400, Workers: workers, Enough: func(s Statistics) bool {
				before = s.Executions - firstStage
				return true
			}})
			enumerated := uint64(0)
			for bound, e := range r.Exhausted {
				require.Equal(t, bound, e.Bound)
				require.False(t, e.Complete)
				enumerated += e.Schedules
			}
			require.Equal(t, both, len(r.Exhausted) == 2)
			require.Equal(t, enumerated, before)
		}
	}
}

func TestThePortfolioExecutesNoMoreSchedulesThanItMay(t *testing.T) {
	t.Parallel()
	two := passing([]*failpoints.Point{pointLoad}, []*failpoints.Point{pointLoad})
	for schedules := 1; schedules < 10; schedules++ {
		for _, program := range []Scenario{two, long, passing(slices.Repeat([]*failpoints.Point{pointLoad}, 3), nil)} {
			r := explore(t, program, Options{Schedules: schedules, Workers: 1})
			require.LessOrEqual(t, r.Schedules, uint64(schedules))
			if len(r.Exhausted) == 0 || !r.Exhausted[len(r.Exhausted)-1].Complete {
				require.EqualValues(t, schedules, r.Schedules)
				require.Equal(t, "the number of schedules is reached", r.Ended)
			}
		}
	}
}

func TestThePortfolioEndsWhenNothingIsLeft(t *testing.T) {
	t.Parallel()
	r := explore(t, passing([]*failpoints.Point{pointLoad}), Options{})
	require.Equal(t, []Exhausted{{Bound: 0, Schedules: 1, MaxSteps: 2, Complete: true}}, r.Exhausted)
	require.EqualValues(t, 1, r.Schedules)
}

func TestThePortfolioUsesEveryStrategy(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for seed := range uint64(200) {
		r := explore(t, rareOrder, Options{Schedules: 2000, Workers: 1, Seed: seed})
		for _, f := range r.Findings {
			found[f.Strategy] = true
		}
		if len(found) >= 3 {
			break
		}
	}
	require.GreaterOrEqual(t, len(found), 3, "%v", found)
}

// rareOrder fails in about one random schedule of two thousand, and not with one preemption.
func rareOrder(x *Execution) {
	var mu sync.Mutex
	var order strings.Builder
	for _, name := range []string{"a", "b", "c"} {
		x.Go(name, func(t *T) {
			for range 12 {
				failpoints.Yield(t.Context(), pointLoad)
				mu.Lock()
				order.WriteString(name)
				mu.Unlock()
			}
		})
	}
	x.Finally(func(t *T) {
		if strings.HasPrefix(order.String(), "abcabb") {
			t.Fail(errors.New("a rare order"))
		}
	})
}

// What is asked, and so where a search ends, does not depend on the number of workers.
func TestASearchEndsBetweenStagesWhereItIsEnough(t *testing.T) {
	t.Parallel()
	var first []Statistics
	for _, workers := range []int{1, 4} {
		var asked []Statistics
		r := explore(t, rareOrder, Options{Schedules: 10_000, Seed: 3, Workers: workers, Enough: func(s Statistics) bool {
			asked = append(asked, Statistics{Coverage: Coverage{Executions: s.Executions, PartialOrders: s.PartialOrders}})
			return len(asked) == 3
		}})
		require.Equal(t, NothingNew, r.Ended)
		require.Len(t, asked, 3)
		enumerated := asked[0].Executions - firstStage
		for i, n := range []uint64{firstStage, 2 * firstStage, 4 * firstStage} {
			require.Equal(t, enumerated+n, asked[i].Executions)
		}
		require.Equal(t, asked[2].Executions, r.Schedules)
		if first == nil {
			first = asked
		}
		require.Equal(t, first, asked, "%d workers", workers)
	}
}

// Else those that come last would never be asked where each search ends early.
func TestEachStrategyHasItsTurnInTheFirstStage(t *testing.T) {
	t.Parallel()
	m := newMixture(Options{Enough: func(Statistics) bool { return false }})
	for n := range m.taught() {
		m.teach(n).End(1, false)
	}
	m.learned()
	begin, had := m.forWorker(), map[string]bool{}
	for n := m.taught(); n < firstStage; n++ {
		had[begin(n).Name()] = true
	}
	require.Len(t, had, len(strategies), "%v", had)
}

// Guided schedules wait for those before them, so none may be left out.
func TestEachTurnFollowsTheOneBefore(t *testing.T) {
	t.Parallel()
	m := newMixture(Options{})
	had := make([]uint64, len(m.all))
	for n := m.taught(); n < 3*sampledFirst; n++ {
		strategy, before := m.turn(n)
		require.Equal(t, had[strategy], before, "%d", n)
		had[strategy]++
		if n == sampledFirst-1 {
			require.Greater(t, slices.Max(had), 5*slices.Min(had))
		}
	}
	for i := range had {
		require.InDelta(t, 2*sampledFirst/len(had), float64(had[i]-m.first.had(i, sampledFirst-m.taught())), 1)
	}
}

func TestASearchThatIsNeverEnoughIsTheWholeOne(t *testing.T) {
	t.Parallel()
	r := explore(t, long, Options{Schedules: 1000, Workers: 4, Enough: func(Statistics) bool { return false }})
	require.EqualValues(t, 1000, r.Schedules)
	require.Equal(t, "the number of schedules is reached", r.Ended)
}

func TestSeveralWorkersShareThePortfolio(t *testing.T) {
	t.Parallel()
	for range 20 {
		r := explore(t, long, Options{Schedules: 1000, Workers: 4})
		require.EqualValues(t, 1000, r.Schedules)
		require.Empty(t, r.Findings)
	}
}

func TestFindingsReplayToTheScheduleThatTheyShow(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, strategy := range Strategies() {
		for seed := range uint64(20) {
			r := explore(t, lostUpdate, Options{Strategy: strategy, Schedules: 100, Seed: seed, Preemptions: 2, Workers: 1})
			for _, f := range r.Findings {
				read, err := ParseSchedule(f.Schedule.String())
				require.NoError(t, err)
				out := NewRunner(lostUpdate, Options{}).Replay(read, false)
				require.Equal(t, f.Schedule, out.Schedule)
				require.Equal(t, f.Preemptions, out.Preemptions)
				require.Equal(t, f.Failure.Message, out.Failure.Message)
				seen++
			}
		}
	}
	require.Greater(t, seen, 80)
}

func TestAResultIsReadableAsJSON(t *testing.T) {
	t.Parallel()
	r := explore(t, lostUpdate, Options{Strategy: "bounded", Preemptions: 1, All: true})
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	for _, key := range []string{
		"schedules", "steps", "duration_ns", "distinct_schedules", "confirmed_schedules", "max_steps", "distinct_partial_orders",
		"unseen_estimate", "points", "window_crossings", "failpoint_pairs", "coverage_schedules", "coverage_every", "findings", "exhausted", "ended", "undeclared_points",
	} {
		require.Contains(t, fields, key)
	}
	require.Len(t, fields, 17)
	finding := fields["findings"].([]any)[0].(map[string]any)
	require.Equal(t, "a@test/store#1>b", finding["schedule"])
	site := r.Findings[0].Failure.Site
	require.Regexp(t, `^sched\.lostUpdate\.func2 \(fixture_test\.go:\d+\)$`, site)
	require.Equal(t, map[string]any{"kind": "failed", "thread": "main", "message": "the counter is 1", "site": site, "step": 6.0}, finding["failure"])
	var back Result
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, r.Findings[0].Schedule, back.Findings[0].Schedule)
	require.True(t, slices.Equal(r.Exhausted, back.Exhausted))
	require.Equal(t, r.Coverage, back.Coverage)
}
