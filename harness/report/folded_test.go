package report

import (
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

func TestThreadsThatNeedNoSwitchAreNotSaidToBeAlone(t *testing.T) {
	t.Parallel()
	r := &Report{Verdict: Violated, NoSwitch: true, Run: Run{Threads: []string{"c0"}}}
	require.Contains(t, r.windowTexts()[0], "what a thread does alone is wrong")
	r.Run.Threads = append(r.Run.Threads, "c1")
	require.Equal(t, []string{"window: none, it fails without any switch: each thread goes on until it waits or ends"}, r.windowTexts())
}
