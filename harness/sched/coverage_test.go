package sched

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// partialOrder is a trace's name by definition: for each two events that conflict, or are of one thread, which came first.
func partialOrder(x *Chooser) string {
	type event struct {
		thread int16
		nth    int
		does   Candidate
	}
	var events []event
	stands, counts := map[int16]Candidate{}, map[int16]int{}
	for _, s := range x.trace {
		stands[s.from] = Candidate{Point: s.point(), Resource: Resource(s.touches >> 1), Writes: s.touches&1 != 0}
		if does := stands[s.to]; does.Point >= firstPoint {
			events = append(events, event{s.to, counts[s.to], does})
			counts[s.to]++
		}
		delete(stands, s.to)
	}
	var words []string
	for i, e := range events {
		words = append(words, fmt.Sprint(e.thread, e.nth, x.points.of(e.does.Point).name))
		for _, later := range events[i+1:] {
			if e.thread != later.thread && Conflict(&e.does, &later.does) {
				words = append(words, fmt.Sprint(e.thread, ".", e.nth, "<", later.thread, ".", later.nth))
			}
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func TestAFingerprintIsThatOfThePartialOrder(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]Scenario{
		"two resources": passing([]*failpoints.Point{writeTail, readView}, []*failpoints.Point{readTail, writeView}, []*failpoints.Point{readTail, readFile}),
		"reads":         passing([]*failpoints.Point{readTail, readTail}, []*failpoints.Point{readTail, readTail}, []*failpoints.Point{writeTail}),
		"unknown":       passing([]*failpoints.Point{pointLoad, readTail}, []*failpoints.Point{pointStore, readTail}),
		"everything":    passing([]*failpoints.Point{touchAll, readTail}, []*failpoints.Point{pointStore, readTail}, []*failpoints.Point{readView}),
		"nothing":       passing([]*failpoints.Point{readTail, readFile}, []*failpoints.Point{readView}),
	} {
		f, wrong := newFollower(), 0
		prints, orders := map[uint64]string{}, map[string]uint64{}
		runs(s, newRandom(Parameters{Seed: 1}), schedulesOf(20_000), func(x *Chooser) {
			h, o := f.follow(x.trace, x.mechanism.Threads()), partialOrder(x)
			if _, known := prints[h]; !known {
				prints[h] = o
			}
			if _, known := orders[o]; !known {
				orders[o] = h
			}
			if prints[h] != o || orders[o] != h {
				wrong++
			}
		})
		require.Zero(t, wrong, name)
		require.Equal(t, len(orders), len(prints), name)
		r := exhaust(t, s, 9)
		require.EqualValues(t, len(orders), r.PartialOrders, name)
		require.Zero(t, r.Unseen, "nothing was drawn")
		require.Equal(t, name == "nothing", r.PartialOrders == 1, name)
	}
}

func TestCrossingsAreConflictsInsideAWindow(t *testing.T) {
	t.Parallel()
	s := passing([]*failpoints.Point{readTail, readFile}, []*failpoints.Point{writeTail, readFile})
	run := func(text string) Coverage {
		schedule, err := ParseSchedule(text)
		require.NoError(t, err)
		f, c := newFollower(), newCovered()
		var points *Points
		runs(s, Replay(schedule), 1, func(x *Chooser) {
			require.Nil(t, x.failure)
			points = x.points
			f.follow(x.trace, x.mechanism.Threads())
			c.add(f)
		})
		return c.coverage(points)
	}
	require.Empty(t, run("").Crossings)
	inside := run("a@tail/read#1>b")
	require.Equal(t, []Crossing{{"tail/read", "tail/write", 1}}, inside.Crossings)
	require.Equal(t, []PointCount{{"file/read", 2, 0}, {"tail/read", 1, 2}, {"tail/write", 1, 0}}, inside.Points, "both of b's events came while a stood at its first point")
	require.Equal(t, []PointCount{{"file/read", 2, 0}, {"tail/read", 1, 0}, {"tail/write", 1, 0}}, run("").Points)
	require.Empty(t, run("a@file/read#1>b").Crossings, "two reads do not conflict, and another resource does not count")
	require.Equal(t, []Crossing{{"tail/write", "tail/read", 1}}, run("start>b, b@tail/write#1>a").Crossings)
	require.Equal(t, 1, run("").Pairs, "a's last point, then b's first")
	require.Equal(t, 1, inside.Pairs, "b's last point, then a's first")
}

func TestTheEstimateOfWhatIsUnseenFalls(t *testing.T) {
	t.Parallel()
	s := passing([]*failpoints.Point{writeTail, writeTail, writeTail}, []*failpoints.Point{readTail, readTail, readTail}, []*failpoints.Point{readTail, writeTail})
	unseen := func(schedules int) Result {
		return explore(t, s, Options{Strategy: "random", Schedules: schedules, Workers: 1, Seed: 1})
	}
	few, many := unseen(50), unseen(5000)
	require.Greater(t, few.Unseen, 0.5)
	require.Less(t, many.Unseen, 0.05)
	require.EqualValues(t, 5000, many.Executions)
	// What it says of the first 50 is what comes next: the share of schedules after these that show a new order.
	fresh, seen := 0, map[uint64]bool{}
	f := newFollower()
	n := 0
	runs(s, newRandom(Parameters{Seed: 2}), 450, func(x *Chooser) {
		h := f.follow(x.trace, x.mechanism.Threads())
		if n++; n > 50 && !seen[h] {
			fresh++
		}
		if n <= 50 {
			seen[h] = true
		}
	})
	require.InDelta(t, few.Unseen, float64(fresh)/400, 0.2)
}

func TestWorkersAgreeOnWhatIsTheSameOrder(t *testing.T) {
	t.Parallel()
	s := passing([]*failpoints.Point{writeTail, readView}, []*failpoints.Point{readTail, writeView}, []*failpoints.Point{readTail, readFile})
	one, many := explore(t, s, Options{Strategy: "bounded", Preemptions: 9, Workers: 1}), explore(t, s, Options{Strategy: "bounded", Preemptions: 9, Workers: 4})
	one.Duration, many.Duration, one.Confirmed, many.Confirmed = 0, 0, 0, 0
	require.Equal(t, one, many)
}

func TestAPointThatIsDeclaredToTouchEverythingIsNotUndeclared(t *testing.T) {
	t.Parallel()
	r := exhaust(t, passing([]*failpoints.Point{touchAll}, []*failpoints.Point{readTail}), 9)
	require.Empty(t, r.Undeclared)
	require.EqualValues(t, 2, r.PartialOrders)
	r = exhaust(t, passing([]*failpoints.Point{touchAll}, []*failpoints.Point{pointLoad}), 9)
	require.Equal(t, []string{"test/load"}, r.Undeclared)
}

func TestTablesGrowWithThePoints(t *testing.T) {
	t.Parallel()
	var points []*failpoints.Point
	for i := range 40 {
		points = append(points, stored(fmt.Sprintf("many/%d", i)))
	}
	require.Greater(t, len(points), 32)
	r := explore(t, passing(points, points), Options{Strategy: "random", Schedules: 200})
	require.Len(t, r.Points, len(points))
	for _, p := range r.Points {
		require.EqualValues(t, 400, p.Count, p.Point)
	}
	require.NotEmpty(t, r.Crossings)
}
