package signal

import _ "unsafe" // for go:linkname

// racewindowApart starts a goroutine outside of the bubble, if the caller is in one: the loop that waits for signals never returns from the
// system.
//
//go:linkname racewindowApart runtime.racewindowApart
func racewindowApart(f func())
