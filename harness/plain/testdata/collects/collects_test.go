// Package collects begins the process's first collection where a new test's goroutine is about to be made.
package collects

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	_ "unsafe" // for go:linkname
)

// racewindowCatch makes the next go statement of package testing start nothing. A collection that an allocation begins may come before that.
//
//go:linkname racewindowCatch runtime.racewindowCatch
func racewindowCatch()

func init() {
	debug.SetGCPercent(-1)
	racewindowCatch()
	runtime.GC() // starts its workers and waits for them
	debug.SetGCPercent(100)
}

func TestCollectsRight(t *testing.T) {
	var n atomic.Int64
	done := make(chan bool)
	go func() { n.Add(1); done <- true }()
	n.Add(1)
	<-done
}
