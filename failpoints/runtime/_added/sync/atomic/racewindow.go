package atomic

import "unsafe"

// racewindowAtomic lets another goroutine go on, if this one belongs to a controlled bubble (package runtime).
//
//go:linkname racewindowAtomic runtime.racewindowAtomic
func racewindowAtomic(op uint8, addr unsafe.Pointer)

// The operations, as the driver numbers them.
const (
	racewindowLoad = 48 + iota
	racewindowStore
	racewindowSwap
	racewindowCompareAndSwap
	racewindowAdd
	racewindowAnd
	racewindowOr
)
