package driver

import "github.com/racewindow/racewindow/failpoints/runtime/bubble"

// listening is the execution of which a report is made, nil for none: then what its threads write is kept.
var listening *mechanism

func (m *mechanism) listen(c chooser) {
	listening = nil
	if a, apart := c.(*asking); c.Noting() || apart && a.views {
		listening = m
	}
}

// Wrote is called with what the test logs or prints. The race detector sees nothing of it: it orders nothing in the test.
//
//go:norace
func Wrote(text string) {
	if m := listening; m != nil && bubble.Where() == bubble.InThread {
		m.chooser.Wrote(m.chosen, text)
	}
}
