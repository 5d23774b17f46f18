// Tests that count what is allocated. The driver allocates too, in the same process.

package runtime

import _ "unsafe" // for go:linkname

// racewindowCounts notes who counts.
//
//go:noinline
func racewindowCounts() {
	gp := getg()
	if c := racewindowOf(gp); c != nil && gp != c.root && gp.m.curg == gp && !c.off && c.outcome.counts == 0 && c.alone != gp.racewindow {
		c.outcome.counts = racewindowStands(getfp())
	}
}

// racewindowAlone has a goroutine pass its points, so that the driver does nothing meanwhile. That ends when it waits, or is ended.
//
//go:linkname racewindowAlone
func racewindowAlone(begins bool) {
	gp := getg()
	switch c := racewindowOf(gp); {
	case c == nil || gp == c.root:
	case begins && c.alone < 0:
		c.alone = gp.racewindow
	case !begins && c.alone == gp.racewindow:
		c.alone = -1
	}
}
