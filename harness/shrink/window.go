package shrink

import (
	"slices"

	"github.com/racewindow/racewindow/harness/sched"
)

// A Window is the stretch of a thread in which a switch to another thread causes the failure, wherever in the stretch it
// happens.
type Window struct {
	Thread string
	// From is the first place of the stretch, To is the last.
	From, To sched.Place
	// Switch is the index of the switch in Minimized.Case.Switches.
	Switch int
}

// windows moves each preemption to the earliest place at which it still causes the failure, because that is where the window
// opens. It also records the latest such place.
func (m *minimizer) windows() {
	for i := range m.Case.Switches {
		s := m.Case.Switches[i]
		if s.At.Point == sched.OpPoint || s.At.Point == sched.EndPoint || s.At.Point == sched.StartPoint {
			continue
		}
		places := m.placesOf(s.At.Thread)
		at := slices.Index(places, s.At)
		if at < 0 {
			continue
		}
		first := at
		for first > 0 && m.showsWith(i, places[first-1]) {
			first--
		}
		last := at
		for last+1 < len(places) && m.showsWith(i, places[last+1]) {
			last++
		}
		m.Case.Switches[i].At = places[first]
		m.Windows = append(m.Windows, Window{s.At.Thread, places[first], places[last], i})
	}
}

// placesOf returns the failpoints that a thread comes to in the case, in order.
func (m *minimizer) placesOf(thread string) (places []sched.Place) {
	scenario, err := m.scenarioOf(m.Case)
	if err != nil {
		return nil
	}
	hits := map[string]int{}
	for _, e := range sched.NewRunner(scenario, sched.Options{}).Replay(m.Case.Switches, true).Events {
		if e.Thread == thread && e.Point {
			hits[e.Text]++
			places = append(places, sched.Place{Thread: thread, Point: e.Text, Hit: hits[e.Text]})
		}
	}
	return places
}

// showsWith says whether the case fails in the same way with switch i at another place, and nothing else changed.
func (m *minimizer) showsWith(i int, at sched.Place) bool {
	moved := slices.Clone(m.Case.Switches)
	moved[i].At = at
	out, err := m.replay(m.Case, sched.Replay(moved))
	return err == nil && m.shows(out) && out.Preemptions == m.Preemptions && len(out.Schedule) == len(moved)
}
