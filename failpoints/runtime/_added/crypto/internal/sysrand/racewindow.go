package sysrand

import _ "unsafe" // for go:linkname

// racewindowSecret says that random numbers are read that no seed makes (package runtime).
//
//go:linkname racewindowSecret runtime.racewindowSecret
func racewindowSecret()
