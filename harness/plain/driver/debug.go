package driver

import (
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// debugging is what a debugger reads. The command makes it break at the functions below (harness/plain/debug.go), which
// therefore are never inlined.
var debugging struct {
	on     bool // the execution is the one that the debugger looks at
	thread int  // the thread that has reached the step
}

//go:noinline
func debugBegins() {}

//go:noinline
func debugArrives() {}

//go:noinline
func debugFails() {}

// debug executes one schedule for a debugger, as replay does. A replay has reported its outcome before.
func (t *test) debug(runner *sched.Runner, schedule sched.Schedule) {
	if order.Apart != drive.ApartFirst {
		runner.Replay(nil, false)
	}
	debugging.on = true
	debugBegins()
	runner.Replay(schedule, false)
	debugging.on = false
}

// debugStep lets the debugger stop when a thread has come to the ordered step.
func (m *mechanism) debugStep(stopped *sched.Candidate) {
	if !debugging.on || stopped.Thread < 0 {
		return
	}
	if c, is := m.chooser.(*sched.Chooser); is && c.Steps() == order.DebugStep {
		debugging.thread = stopped.Thread
		debugArrives()
	}
}

// debugFailure lets the debugger stop when no thread can ever go on, while all goroutines still wait.
func (m *mechanism) debugFailure() {
	if debugging.on {
		debugFails()
	}
}
