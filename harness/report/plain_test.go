package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// A goroutine that comes to no point still gets a lane and is counted if it fails, and the place is that of the failure.
func TestTheRowOfAFailureIsTheGoroutinesThatFailed(t *testing.T) {
	events := []sched.Event{
		{Thread: "main", Text: "TestX.go", Point: true, File: "x_test.go", Line: 3, Function: "example.com/x.TestX", Next: "main"},
		{Thread: "main", Text: "TestX.waits", Point: true, Waits: true, File: "x_test.go", Line: 4, Function: "example.com/x.TestX", Next: "main/TestX#1"},
		{Thread: "clock", Text: sched.OpPoint, Next: "main"},
	}
	f := &sched.Failure{Kind: sched.Panicked, Thread: "main/TestX#1", Message: "panic: no", Site: "TestX (x_test.go:9)"}
	r := OfPlain(&drive.PlainFinding{Failure: f, Outcome: sched.Outcome{Events: events, Failure: f}}, "TestX", "v1 test=TestX", "", "racewindow replay")
	require.Equal(t, "2 goroutines, no preemption", r.Size, "the clock is none")
	require.Equal(t, []string{"main", "clock", "main/TestX#1"}, r.Run.Threads)
	last := r.Run.Rows[len(r.Run.Rows)-1]
	require.Equal(t, []any{KindFailure, "main/TestX#1", "example.com/x/x_test.go", 9}, []any{last.Kind, r.Run.thread(last.Thread), last.File, last.Line})

	f = &sched.Failure{Kind: sched.Failed, Thread: "main", Message: "x_test.go:5: no", Site: "x_test.go:5"}
	r = OfPlain(&drive.PlainFinding{Failure: f, Outcome: sched.Outcome{Failure: f}}, "TestX", "v1 test=TestX", "", "racewindow replay")
	require.Equal(t, "1 goroutine, no preemption", r.Size, "there is always one")
	var text strings.Builder
	require.NoError(t, r.WriteText(&text, 100, Palette{}))
	require.Regexp(t, `(?m)^   1  FAIL.* x_test.go:5$`, text.String())
}

// The switch that makes it pass was broken inside of a name where that was longer than a line.
func TestTheSwitchOfThePassingTwinIsNeverBroken(t *testing.T) {
	const name = "main/(*Server_with_a_long_name).serveConnectionsOfOneListener#1@(*Server_with_a_long_name).serveConnectionsOfOneListener.Lock#1>main"
	f := &sched.Failure{Kind: sched.Failed, Thread: "main", Message: "x_test.go:5: no", Site: "x_test.go:5"}
	out := sched.Outcome{Failure: f}
	r := OfPlain(&drive.PlainFinding{Failure: f, Outcome: out, Passing: &sched.Outcome{}, Change: "without the preemption " + name}, "TestX", "v1 test=TestX", "v1 test=TestX", "racewindow replay")
	var text strings.Builder
	require.NoError(t, r.WriteText(&text, 80, Palette{}))
	require.Contains(t, text.String(), "passes: without the preemption\n        "+name+"\n")
}

// What needs time to pass says who lets it pass.
func TestAFindingThatNeedsTimeSaysWhoLetItPass(t *testing.T) {
	f := &sched.Failure{Kind: sched.Failed, Thread: "main", Message: "no", Timing: true}
	r := OfPlain(&drive.PlainFinding{Failure: f, Outcome: sched.Outcome{Failure: f}, Polls: "F.Now (f.go:7) reads the clock in a loop"}, "TestX", "v1 test=TestX", "", "racewindow replay")
	require.Equal(t, "TestX: timing: failed", r.Promise)
	require.Equal(t, "no; only if time passes while others could go on: F.Now (f.go:7) reads the clock in a loop", r.Detail)
	f.Message = strings.Repeat("a stack and more ", 400)
	r = OfPlain(&drive.PlainFinding{Failure: f, Outcome: sched.Outcome{Failure: f}, Timers: []string{"the timer of 1s"}}, "TestX", "v1 test=TestX", "", "racewindow replay")
	require.True(t, strings.HasSuffix(r.Detail, "; only if a timer fires early: the timer of 1s"), "however long the message is")
}
