package report

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsNeededIsToldOnceForTheSameWords(t *testing.T) {
	t.Parallel()
	r := &Report{Without: []Without{
		{What: "one thread does the operations of two: c0: a, b", Schedules: 2, Exhausted: true},
		{What: "without thread c0", Schedules: 3, Exhausted: true},
		{What: "one thread does the operations of two: c0: b, a", Schedules: 4, Exhausted: true},
	}}
	require.Equal(t, []string{
		"needed: all schedules hold one thread does the operations of two, in each of 2 ways (6 schedules), without thread c0 (3)",
	}, r.needed())
}

// A cut beside rows that already stood for others left several such rows below each other.
func TestRowsThatAreLeftOutFollowEachOtherOnlyIfTheirThreadsDiffer(t *testing.T) {
	t.Parallel()
	var rows []Row
	for i := range 60 {
		point := Row{Kind: KindPoint, Thread: 0, Step: i + 1, edge: i%4 == 0}
		rows = append(rows, point)
	}
	other := slices.Clone(rows)
	for i := range 20 {
		other[i].Thread = 1
	}
	for _, r := range []Run{{Threads: []string{"a"}, Rows: rows}, {Threads: []string{"a", "b"}, Rows: other}} {
		for room := 3; room < 60; room++ {
			got := r.fold(room)
			require.LessOrEqual(t, len(got), room)
			left, steps := -2, 0
			for _, row := range got {
				steps += max(row.steps, 1)
				if row.Kind == kindFolded {
					require.NotEqual(t, left, row.Thread, "room for %d rows", room)
					left = row.Thread
				} else {
					left = -2
				}
			}
			require.Equal(t, len(rows), steps, "each step is there or counted")
		}
	}
}

func TestThreadsThatNeedNoSwitchAreNotSaidToBeAlone(t *testing.T) {
	t.Parallel()
	r := &Report{Verdict: Violated, NoSwitch: true, Run: Run{Threads: []string{"c0"}}}
	require.Contains(t, r.windowTexts()[0], "what a thread does alone is wrong")
	r.Run.Threads = append(r.Run.Threads, "c1")
	require.Equal(t, []string{"window: none, it fails without any switch: each thread goes on until it waits or ends"}, r.windowTexts())
}
