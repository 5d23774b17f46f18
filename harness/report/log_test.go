package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

// points returns the events of a thread that comes to so many points.
func comes(thread string, points int) (events []sched.Event) {
	for i := range points {
		events = append(events, sched.Event{Step: i, Thread: thread, Text: "p", Point: true})
	}
	return events
}

func TestWhatATestWroteIsToldAfterTheStepsOfTheTimeline(t *testing.T) {
	t.Parallel()
	events := comes("main", 3)
	events[1].Text, events[1].Point = sched.StartPoint, false // has no number
	out := sched.Outcome{Events: events, Written: []sched.Written{
		{Step: 0, Thread: "main", Text: "before all\n"},
		{Step: 2, Thread: "main/a#1", Text: "two\r\n\nlines"},
		{Step: 3, Thread: "main", Text: "x_test.go:7: words\n    and more\n"},
		{Step: 9, Thread: "main", Text: "after all\n"},
	}}
	require.Equal(t, strings.Join([]string{
		"   0  main      before all",
		"   1  main/a#1  two",
		"   1  main/a#1  lines",
		"   2  main      x_test.go:7: words",
		"   2  main          and more",
		"   2  main      after all",
	}, "\n"), logOf(out, &sched.Failure{}))
}

func TestWhatATestWroteDoesNotRepeatTheFailure(t *testing.T) {
	t.Parallel()
	out := sched.Outcome{Written: []sched.Written{
		{Thread: "main", Text: "x_test.go:7: n = 1\n"}, {Thread: "main", Text: "    not 2\n"}, {Thread: "main", Text: "x_test.go:8: n = 1\n"},
	}}
	require.Equal(t, "   0  main  x_test.go:8: n = 1", logOf(out, &sched.Failure{Site: "x_test.go:7"}))
	require.Empty(t, logOf(sched.Outcome{Written: out.Written[:2]}, &sched.Failure{Site: "x_test.go:7"}))
}

func TestTheNewestLinesOfALogAreTold(t *testing.T) {
	t.Parallel()
	var out sched.Outcome
	for i := range 2 * mostLogged {
		out.Written = append(out.Written, sched.Written{Thread: "main", Text: fmt.Sprintln("line", i)})
	}
	lines := strings.Split(logOf(out, &sched.Failure{}), "\n")
	require.Len(t, lines, mostLogged)
	require.Equal(t, "   0  main  line 399", lines[mostLogged-1])
}
