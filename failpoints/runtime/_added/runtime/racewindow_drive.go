// For a driver that is part of the program under test: points of its own, and bubbles that it opens while another one is open.

package runtime

import "unsafe"

// racewindowStop is a point of the driver's own.
//
//go:linkname racewindowStop
//go:noinline
func racewindowStop(op uint8, addr uintptr) {
	gp := getg()
	c := racewindowOf(gp)
	if c == nil || gp == c.root || c.off {
		return
	}
	if c.over {
		racewindowLeave()
		return
	}
	c.stop(gp, op, addr, racewindowStands(getfp()), 0)
}

// racewindowAsk gives the token to the root. It returns when the root resumes the thread.
//
//go:linkname racewindowAsk
func racewindowAsk() {
	gp := getg()
	c := racewindowOf(gp)
	c.last, c.want = gp.racewindow, -1
	mcall(racewindowSwitch)
}

// racewindowWhere says whether the caller is outside of any controlled bubble, the root of one, or a thread in one.
//
//go:linkname racewindowWhere
func racewindowWhere() int8 {
	gp := getg()
	switch c := racewindowOf(gp); {
	case c == nil:
		return 0
	case gp == c.root:
		return 1
	}
	return 2
}

// racewindowIsThread says whether the caller is a thread, and not the driver on its stack.
//
//go:linkname racewindowIsThread
func racewindowIsThread() bool {
	gp := getg()
	c := racewindowOf(gp)
	return c != nil && gp != c.root && !c.off
}

// racewindowStepOut takes the root out of its bubble, whose threads wait meanwhile.
//
//go:linkname racewindowStepOut
func racewindowStepOut() unsafe.Pointer {
	gp := getg()
	b := gp.bubble
	b.racewindow.lend()
	gp.bubble = nil
	return unsafe.Pointer(b)
}

// racewindowStepIn takes the root back into its bubble.
//
//go:linkname racewindowStepIn
func racewindowStepIn(b unsafe.Pointer) {
	own := (*synctestBubble)(b)
	getg().bubble, racewindowLatest = own, own
	own.racewindow.takeBack()
}

// racewindowHarness lists the packages of a driver that is part of the program under test. Their operations are no points.
var racewindowHarness = [...]string{
	"harness", "harness/cases", "harness/disks", "harness/drive", "harness/explore", "harness/object", "harness/plain/driver", "harness/report",
	"harness/recorded", "harness/sched", "harness/shrink", "harness/spec", "harness/values", "failpoints/raceoff", "failpoints/runtime/bubble",
}

// racewindowIsHarness says whether a package is in racewindowHarness or in the standard library.
func racewindowIsHarness(pkg string) bool {
	const module = "github.com/racewindow/racewindow/"
	if pkg == "golang.org/x/sys/unix" { // system calls, as in package syscall; a thread that stopped inside its lock for maps would keep all others out
		return true
	}
	if len(pkg) < len(module) || pkg[:len(module)] != module {
		return false
	}
	for _, name := range racewindowHarness {
		if pkg[len(module):] == name {
			return true
		}
	}
	return false
}
