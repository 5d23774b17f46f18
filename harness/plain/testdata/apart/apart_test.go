// Package apart has tests that one process cannot execute twice, and tests that end their process.
package apart

import (
	"math/rand/v2"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// overtaken says whether the other of two goroutines came between two accesses of this one.
func overtaken() bool {
	var n atomic.Int32
	done := make(chan bool, 1)
	go func() {
		n.Store(1)
		done <- true
	}()
	before := n.Load()
	between := n.Load() != before
	<-done
	return between
}

var runs atomic.Int64

// A package counter: every second execution comes to more points.
func TestCounterRight(t *testing.T) {
	var mu sync.Mutex
	if runs.Add(1)%2 == 0 {
		mu.Lock()
		mu.Unlock()
	}
	overtaken()
}

func TestCounter(t *testing.T) {
	var mu sync.Mutex
	if runs.Add(1)%2 == 0 {
		mu.Lock()
		mu.Unlock()
	}
	if overtaken() {
		t.Error("overtaken")
	}
}

var (
	startOnce sync.Once
	requests  = make(chan chan int)
)

// A worker that is started once, and is gone when the execution is over that has started it.
func TestWorker(t *testing.T) {
	startOnce.Do(func() {
		go func() {
			for answer := range requests {
				answer <- 1
			}
		}()
	})
	answer := make(chan int, 1)
	requests <- answer
	<-answer
	if overtaken() {
		t.Error("overtaken")
	}
}

var global sync.Mutex

// Who is overtaken leaks with the lock, and in one process everybody after that waits for it.
func TestLockIsKept(t *testing.T) {
	global.Lock()
	global.Unlock()
	go func() {
		global.Lock()
		if overtaken() {
			select {}
		}
		global.Unlock()
	}()
}

// The schedule without a switch keeps the lock.
func TestLockIsKeptAlways(t *testing.T) {
	go func() {
		global.Lock()
		select {}
	}()
	overtaken()
	if !global.TryLock() {
		t.Error("the lock is held by somebody")
		return
	}
	global.Unlock()
}

// isFirst says that no process of this package has been before.
var isFirst = os.Mkdir("seen", 0o755) == nil

// One process repeats this, and no other shows it.
func TestFirstProcessRight(t *testing.T) {
	if overtaken() && isFirst {
		t.Error("overtaken")
	}
}

func deeper(n int) int {
	var room [1 << 10]byte
	room[n%len(room)] = 1
	return deeper(n+1) + int(room[0])
}

func TestStackOverflows(t *testing.T) {
	debug.SetMaxStack(1 << 20)
	if overtaken() {
		t.Log(deeper(0))
	}
}

var most = make([]byte, 1)

func TestMemoryEnds(t *testing.T) {
	if overtaken() {
		_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20})
		most = make([]byte, 1<<30)
	}
}

func TestIsKilled(t *testing.T) {
	if overtaken() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func TestExitsBelow(t *testing.T) {
	if overtaken() {
		syscall.Exit(0)
	}
}

func TestAlwaysExitsBelow(t *testing.T) {
	overtaken()
	syscall.Exit(7)
}

var executions atomic.Int32

// No schedule ends the process, and many in one process do.
func TestTooOftenRight(t *testing.T) {
	if executions.Add(1); executions.Load() > 20 {
		syscall.Exit(9)
	}
	overtaken()
}

func TestDrawsTheSameAlways(t *testing.T) {
	overtaken()
	switch rand.IntN(8) {
	case 0:
		t.Error("zero")
	case 1:
		t.Error("one")
	case 2:
		t.Error("two")
	case 3:
		t.Error("three")
	case 4:
		t.Error("four")
	case 5:
		t.Error("five")
	case 6:
		t.Error("six")
	default:
		t.Error("seven")
	}
}
