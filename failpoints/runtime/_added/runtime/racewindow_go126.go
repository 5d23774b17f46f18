//go:build go1.26

package runtime

// racewindowElement returns what a goroutine sends or receives, or the semaphore that it waits for.
func racewindowElement(s *sudog) uintptr { return s.elem.uintptr() }

func racewindowChannel(s *sudog) *hchan { return s.c.get() }
