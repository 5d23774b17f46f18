package net

import _ "unsafe" // for go:linkname

// racewindowConnected lets another goroutine go on, if this one belongs to a controlled bubble (package runtime).
//
//go:linkname racewindowConnected runtime.racewindowConnected
func racewindowConnected(op uint8)

// racewindowSocket notes that a socket was made.
//
//go:linkname racewindowSocket runtime.racewindowSocket
func racewindowSocket()

// The operations, as the driver numbers them.
const (
	racewindowRead  = 64
	racewindowWrite = 65
	racewindowClose = 67
)

func racewindowOn(op uint8) { racewindowConnected(op) }
