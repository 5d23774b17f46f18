package driver

import (
	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/sched"
)

// pick chooses the ready case that a select takes, after a thread has reached it. Cases are numbered from 0, in the order
// of the source. Then the thread goes on.
func (m *mechanism) pick(stopped *sched.Candidate) (thread int, ok bool) {
	m.debugStep(stopped)
	way, ok := m.chooser.Pick(stopped, int(m.threads[stopped.Thread].Cases))
	if !ok {
		return 0, false
	}
	m.seen.choices++
	bubble.Choose(way)
	return stopped.Thread, true
}
