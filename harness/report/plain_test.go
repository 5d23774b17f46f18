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

// A report says if not all schedules with fewer preemptions could be executed. A schedule that could not be made smaller has no "shrunk from".
func TestAReportSaysThatFewerPreemptionsMayBeEnough(t *testing.T) {
	f := &sched.Failure{Kind: sched.Failed, Thread: "main", Message: "no"}
	for want, told := range map[string]*drive.PlainFinding{
		"perhaps needed, not all schedules were tried: the preemption (1004 schedules without one)": {Preemptions: 1, Fewer: 1004},
		"perhaps needed, not all schedules were tried: 2 preemptions (1 schedule with fewer)":       {Preemptions: 2, Fewer: 1},
		"perhaps needed, not all schedules were tried: 3 preemptions (2000 schedules with fewer)":   {Preemptions: 3, Fewer: 2000, FromSwitches: 9, FromPreemptions: 8},
		"": {Preemptions: 2, FromSwitches: 9, FromPreemptions: 8},
	} {
		told.Failure, told.Outcome = f, sched.Outcome{Failure: f}
		r := OfPlain(told, "TestX", "v1 test=TestX", "", "racewindow replay")
		for _, format := range []string{"text", "markdown", "html"} {
			f, err := FormatByName(format)
			require.NoError(t, err)
			var all strings.Builder
			require.NoError(t, f.Write(&all, r))
			text := strings.NewReplacer("**", "", `\(`, "(", `\)`, ")", "\n        ", " ").Replace(all.String())
			if want == "" {
				require.NotContains(t, text, "perhaps", format)
			} else {
				require.Contains(t, text, want, format)
			}
		}
		require.True(t, r.minimal(), "each switch was left out")
	}
}
