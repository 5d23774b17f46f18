package sync

import "unsafe"

// racewindowPoint lets another goroutine go on, if this one belongs to a controlled bubble (package runtime).
//
//go:linkname racewindowPoint runtime.racewindowPoint
func racewindowPoint(op uint8, addr unsafe.Pointer)

// racewindowPool says whether a Pool drops what is put into it.
//
//go:linkname racewindowPool runtime.racewindowPool
func racewindowPool() (drops bool)

// The operations, as the driver numbers them.
const (
	racewindowLock = 16 + iota
	racewindowTryLock
	racewindowUnlock
	racewindowRLock
	racewindowTryRLock
	racewindowRUnlock
	racewindowAdd
	racewindowDone
	racewindowWait
	racewindowSignal
	racewindowBroadcast
	racewindowDo
	racewindowPut
	racewindowGet
	racewindowLoad
	racewindowStore
	racewindowClear
	racewindowLoadOrStore
	racewindowLoadAndDelete
	racewindowDelete
	racewindowSwap
	racewindowCompareAndSwap
	racewindowCompareAndDelete
	racewindowRange
)
