//go:build !go1.26

package runtime

import _ "unsafe" // for go:linkname

// racewindowElement returns what a goroutine sends or receives, or the semaphore that it waits for.
func racewindowElement(s *sudog) uintptr { return uintptr(s.elem) }

func racewindowChannel(s *sudog) *hchan { return s.c }

// racewindowReach would find the threads that nobody can wake. The collector of this version cannot.
//
//go:linkname racewindowReach
func racewindowReach() bool { return false }
