// Tests that count allocations. The driver allocates too, in the same process.

package runtime

import _ "unsafe" // for go:linkname

// racewindowCounts notes the function that reads allocation counts.
//
//go:noinline
func racewindowCounts() {
	gp := getg()
	if c := racewindowOf(gp); c != nil && gp != c.root && gp.m.curg == gp && !c.off && c.outcome.counts == 0 && c.alone != gp.racewindow {
		c.outcome.counts = racewindowStands(getfp())
	}
}

// racewindowAlone lets a goroutine pass its points without a stop, so that the driver allocates nothing meanwhile. That ends with
// racewindowAlone(false), or when the goroutine waits.
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
