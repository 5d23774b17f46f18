// Package traps has what an exploration of unmodified code has to get right, and what is seen of it nowhere else.
package traps

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// A compiler makes instructions of these functions, at which nobody can stop.
func TestFunctionsOfAtomics(t *testing.T) {
	var n int32
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { atomic.StoreInt32(&n, atomic.LoadInt32(&n)+1) })
	}
	wg.Wait()
	if n != 2 {
		t.Errorf("%d of 2", n)
	}
}

// Two take turns at each step, which needs as many switches as there are steps.
func TestTakesTurns(t *testing.T) {
	var last, changes atomic.Int32
	var wg sync.WaitGroup
	for who := range int32(2) {
		wg.Go(func() {
			for range 3_000 {
				if last.Swap(who+1) != who+1 {
					changes.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if changes.Load() == 6_000 {
		t.Error("each has come after the other")
	}
}

// The runtime ends a program that writes a map while another goroutine does. One goroutine runs at a time here, and none stops in the middle of
// a write, so the mark that the other one would make is made by hand.
func TestWritesAMapTwice(*testing.T) {
	m := map[int]int{1: 1}
	type header struct {
		_       uint64
		_       [3]uintptr
		_       [2]uint8
		writing uint8
	}
	done := make(chan bool)
	go func() {
		(*(**header)(unsafe.Pointer(&m))).writing = 1
		close(done)
	}()
	runtime.Gosched()
	m[2] = 2
	<-done
}
