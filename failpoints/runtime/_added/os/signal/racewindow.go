package signal

import _ "unsafe" // for go:linkname

// racewindowApart starts a goroutine outside of the bubble, if the caller is in one: this one waits in the system for ever.
//
//go:linkname racewindowApart runtime.racewindowApart
func racewindowApart(f func())
