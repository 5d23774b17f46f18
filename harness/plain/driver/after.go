package driver

import (
	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/sched"
)

// What goroutines do after the test's end. At first the strategies choose who goes on, as before the end: a switch there may
// leave somebody blocked for ever, or make somebody log to a test that is over. The choices end when nobody can go on unless
// time passes, when somebody waits for a file, and after mostChosenAfter steps; otherwise a ticker or a server that the test
// leaves would have most of the choices. From then on the first goroutine that can go on does so, which only shows whether
// they end too.

// Bounds of an execution after the test's end: steps that are chosen, all steps, and time in nanoseconds.
const (
	mostChosenAfter = 64
	mostAfter       = 1_000
	longAfter       = int64(24 * 3600 * 1e9)
)

// ended says whether the test's goroutine has ended.
func (m *mechanism) ended() bool { return m.threads[0].State == bubble.Ended }

// choosesAfter counts a step after the test's end, and says whether it is chosen who goes on there. The root calls it.
func (m *mechanism) choosesAfter() bool {
	m.finish()
	if m.passing || !m.mayChooseAfter() || !m.anyReady() || m.waitsForFile() {
		m.passing = true
		return false
	}
	m.after++
	return true
}

// decidesAfter is choosesAfter on the stack of a thread, which can go on itself. No thread has ever waited for a file then.
func (m *mechanism) decidesAfter() bool {
	if m.passing || !m.mayChooseAfter() {
		return false
	}
	m.after++
	return true
}

func (m *mechanism) mayChooseAfter() bool {
	return m.after < mostChosenAfter && !m.chooser.TakesTurns()
}

// finish is called at each step after the test's end.
func (m *mechanism) finish() {
	if m.after == 0 {
		m.chooser.Finish()
		_, m.late = bubble.Next()
	}
}

// pass lets the remaining threads go on after the choices have ended. A process for one schedule leaves also this to the
// search, which chooses.
func (m *mechanism) pass(stopped *sched.Candidate) (thread int, ok bool) {
	m.finish()
	if m.after++; m.after > mostAfter {
		return 0, false
	}
	if stopped.Thread >= 0 && m.threads[stopped.Thread].Op == bubble.OpCase {
		if m.apart {
			return m.pick(stopped)
		}
		m.seen.oneOrder = true
	}
	return m.chooser.Pass(stopped, 0)
}
