package sysrand

import _ "unsafe" // for go:linkname

// racewindowSecret notes that the system's random numbers are read, which follow from no seed (package runtime).
//
//go:linkname racewindowSecret runtime.racewindowSecret
func racewindowSecret()
