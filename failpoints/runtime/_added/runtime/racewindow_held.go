// What a goroutine holds. When it comes to the same place again, this tells whether it has made progress: a loop that counts its passes has
// its count in the frame of the function that loops.

package runtime

import (
	"internal/goarch"
	"unsafe"
)

// racewindowHeld returns a hash of what the user's functions hold on the stack of a thread that does not run. Addresses in the heap count as
// equal, and so do numbers as large as times: in a loop that allocates or reads the clock they differ in each pass.
//
//go:linkname racewindowHeld
func racewindowHeld(thread int32) (hash uint64) {
	gp := getg().bubble.racewindow.gs[thread]
	if gp == nil {
		return 0
	}
	for fp := gp.sched.bp; fp >= gp.stack.lo && fp+2*goarch.PtrSize < gp.stack.hi; fp = *(*uintptr)(unsafe.Pointer(fp)) {
		pc := *(*uintptr)(unsafe.Pointer(fp + goarch.PtrSize))
		known := *racewindowSlot(pc, racewindowAnything)
		if known>>8 != uint64(pc)<<3|racewindowAnything {
			known = racewindowLook(pc, racewindowAnything)
		}
		if known&15 == racewindowUsers {
			return racewindowHash(gp, racewindowFrameBelow(fp))
		}
	}
	return 0
}

// racewindowFrameBelow returns where the frame of a caller begins, if fp is the frame pointer of what it called.
func racewindowFrameBelow(fp uintptr) uintptr {
	if goarch.IsAmd64 == 1 {
		return fp + 2*goarch.PtrSize
	}
	return *(*uintptr)(unsafe.Pointer(fp)) // there the frame pointer lies at the bottom of the frame
}

const (
	// racewindowTimes is a number that only times reach, in nanoseconds.
	racewindowTimes = 1 << 56
	// racewindowYear1 is the year 1970 in seconds since the year 1, as a time.Time counts, and racewindowYear is a year.
	racewindowYear1 = (1969*365 + 1969/4 - 1969/100 + 1969/400) * 86400
	racewindowYear  = 366 * 86400
)

// racewindowHash hashes a stack from a place on.
func racewindowHash(gp *g, from uintptr) (hash uint64) {
	now := gp.bubble.now/1e9 + racewindowYear1
	for at := from; at >= gp.stack.lo && at+goarch.PtrSize <= gp.stack.hi; at += goarch.PtrSize {
		w := *(*uintptr)(unsafe.Pointer(at))
		word := uint64(w)
		if next := at + goarch.PtrSize; word < 1e9 && next+goarch.PtrSize <= gp.stack.hi {
			if seconds := *(*int64)(unsafe.Pointer(next)); now-racewindowYear < seconds && seconds < now+racewindowYear {
				at = next // the first two words of a time.Time
				continue
			}
		}
		switch {
		case w >= gp.stack.lo && w < gp.stack.hi: // the stack may move
			word = uint64(gp.stack.hi - w)
		case word >= racewindowTimes || spanOf(w) != nil:
			word = racewindowTimes
		}
		hash = (hash<<5 | hash>>59) ^ word
		hash *= 0x9e3779b97f4a7c15
	}
	return hash
}
