package driver

import "github.com/racewindow/racewindow/failpoints/runtime/bubble"

// Listen sets who is told what a test logs and prints; nil for nobody.
var Listen = func(func(text string)) {}

// listening is the execution of which a report is made, nil for none: then what its threads write is kept.
var listening *mechanism

func (m *mechanism) listen(c chooser) {
	if a, apart := c.(*asking); c.Noting() || apart && a.views {
		listening = m
		Listen(wrote)
	}
}

func (m *mechanism) listenNoMore() {
	if listening != nil {
		listening = nil
		Listen(nil)
	}
}

// mostOfText bounds what is kept of one text, in bytes.
const mostOfText = 4 << 10

// wrote is called with what the test logs or prints. The race detector sees nothing of it: it orders nothing in the test.
//
//go:norace
func wrote(text string) {
	if m := listening; m != nil && bubble.Where() == bubble.InThread {
		if len(text) > mostOfText {
			text = text[:mostOfText] + "..."
		}
		m.chooser.Wrote(m.chosen, text)
	}
}
