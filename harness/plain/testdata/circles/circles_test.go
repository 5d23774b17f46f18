// Package circles has tests that go on for long, or for ever, in some schedules only.
package circles

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// twice calls f in two goroutines if another goroutine was early.
func twice(f func()) {
	var early atomic.Bool
	done := make(chan bool)
	go func() {
		early.Store(true)
		close(done)
	}()
	if early.Load() {
		ended := make(chan bool)
		for range 2 {
			go func() {
				f()
				ended <- true
			}()
		}
		<-ended
		<-ended
	}
	<-done
}

func TestCounts(t *testing.T) {
	twice(func() {
		var n atomic.Int64
		for i := 0; i < 30_000; i++ {
			n.Load()
		}
	})
}

// The count is half a word.
func TestCountsInHalfAWord(t *testing.T) {
	twice(func() {
		var n atomic.Int64
		at := [2]int32{0, 7}
		for ; at[0] < 30_000; at[0] += at[1] - 6 {
			n.Load()
		}
	})
}

type box struct{ n int }

var kept any

// await has two goroutines wait in a loop for a third one, which does not come if it sees that they have begun. They hold what the last pass
// has made.
func await[T any](pass func() T) {
	var begun, ready atomic.Bool
	done := make(chan bool, 2)
	go func() {
		if !begun.Load() {
			ready.Store(true)
		}
	}()
	for range 2 {
		go func() {
			var last T
			begun.Store(true)
			for !ready.Load() {
				last = pass()
			}
			kept = last
			done <- true
		}()
	}
	<-done
	<-done
}

func TestAwaits(t *testing.T) { await(func() bool { return true }) }

func TestAwaitsAndAllocates(t *testing.T) { await(func() *box { return &box{} }) }

func TestAwaitsAndReadsTheClock(t *testing.T) { await(time.Now) }

// The other goroutine gives up if a timer of a second has fired before it looks, and nobody tells this one.
func TestAwaitsWhoGaveUp(t *testing.T) {
	var late, done atomic.Bool
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	go func() {
		for range ticks.C {
			late.Store(true)
		}
	}()
	go func() {
		if !late.Load() {
			done.Store(true)
		}
	}()
	for !done.Load() {
		runtime.Gosched()
	}
}
