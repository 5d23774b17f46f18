package os

import (
	"io"
	"unsafe"
)

// racewindowFile lets another goroutine go on, if this one belongs to a controlled bubble (package runtime).
//
//go:linkname racewindowFile runtime.racewindowFile
func racewindowFile(op uint8, addr unsafe.Pointer)

func init() { io.RacewindowOffer(racewindowFile) }

// The operations, as the driver numbers them.
const (
	racewindowRead = 64 + iota
	racewindowWrite
	racewindowSeek
	racewindowClose
	racewindowTruncate
	racewindowSync
	racewindowOpen
	racewindowRename
	racewindowRemove
)

func racewindowOn(f *File, op uint8) {
	if op == racewindowWrite && isRacewindowStream(f) {
		return
	}
	racewindowFile(op, unsafe.Pointer(f))
}

// racewindowPrints is told what is written to the standard streams; nil for nobody.
var racewindowPrints func(text string)

// RacewindowPrints sets who is told what is written to the standard streams, before it is written. The race detector does not see it: it
// orders nothing in the test.
//
//go:norace
func RacewindowPrints(told func(text string)) { racewindowPrints = told }

//go:norace
func racewindowWrites(f *File, b []byte) {
	switch {
	case !isRacewindowStream(f):
		racewindowFile(racewindowWrite, unsafe.Pointer(f))
	case racewindowPrints != nil:
		racewindowPrints(string(b))
	}
}

func isRacewindowStream(f *File) bool { return f == racewindowStreams[0] || f == racewindowStreams[1] }

// racewindowStreams are the process's own standard streams, whatever the code under test stores in os.Stdout. A write to them is no point:
// nobody in the process reads it, and as points all goroutines that print would conflict with each other.
var racewindowStreams = [...]*File{Stdout, Stderr}

// racewindowNames stands for all file names: any two operations on names conflict.
var racewindowNames byte

func racewindowNamed(op uint8) { racewindowFile(op, unsafe.Pointer(&racewindowNames)) }

// racewindowExiting ends the execution instead of the process, if the caller belongs to a controlled bubble.
//
//go:linkname racewindowExiting runtime.racewindowExiting
func racewindowExiting(code int)

// racewindowChild notes that a process was started, or that one was waited for.
//
//go:linkname racewindowChild runtime.racewindowChild
func racewindowChild(started bool)
