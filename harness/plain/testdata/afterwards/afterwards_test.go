// Package afterwards has tests that wait for none of their goroutines. What goes wrong does so after the test's end.
package afterwards

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// lockInBothOrders leaves two goroutines that may wait for each other.
func lockInBothOrders(begin <-chan struct{}) {
	var a, b sync.Mutex
	go func() {
		<-begin
		a.Lock()
		b.Lock()
		b.Unlock()
		a.Unlock()
	}()
	go func() {
		<-begin
		b.Lock()
		a.Lock()
		a.Unlock()
		b.Unlock()
	}()
}

// Nothing can go on before the test's end: the context is cancelled then.
func TestDeadlocks(t *testing.T) { lockInBothOrders(t.Context().Done()) }

// Each waits for the context, so that a switch before the end shows nothing.
func beside(t *testing.T, one, other func()) {
	begin := t.Context().Done()
	go func() { <-begin; one() }()
	go func() { <-begin; other() }()
}

// twice stores two numbers, and during finds the first.
//
//go:noinline
func twice() (stores func(), during func() bool) {
	var n atomic.Int32
	return func() { n.Store(1); n.Store(2) }, func() bool { return n.Load() == 1 }
}

func TestPanics(t *testing.T) {
	stores, during := twice()
	beside(t, stores, func() {
		if during() {
			panic("in between")
		}
	})
}

func TestLogs(t *testing.T) {
	stores, during := twice()
	beside(t, stores, func() {
		if during() {
			t.Log("too late")
		}
	})
}

// Whoever waits once the signal has gone waits for ever.
func TestLeaks(t *testing.T) {
	cond := sync.NewCond(&sync.Mutex{})
	beside(t, func() {
		cond.L.Lock()
		cond.Wait()
		cond.L.Unlock()
	}, cond.Signal)
}

func TestRaces(t *testing.T) {
	stores, during := twice()
	shared := 0
	beside(t, func() { stores(); shared++ }, func() {
		if during() {
			shared++
		}
	})
}

// One select has two ready cases.
func TestSelects(t *testing.T) {
	a, b := make(chan int, 1), make(chan int, 1)
	a <- 1
	b <- 1
	begin := t.Context().Done()
	go func() {
		<-begin
		select {
		case <-a:
		case <-b:
			panic("the second case")
		}
	}()
	go func() { <-begin }()
}

// A version that chose nothing after the end let the first goroutine go on there as soon as it could.
func TestNeedsTheFirst(t *testing.T) {
	ch := make(chan int, 1)
	var ready, done atomic.Bool
	go func() {
		early := !ready.Load()
		<-ch
		if early && !done.Load() {
			panic("neither ready nor done")
		}
	}()
	go func() {
		ch <- 1
		done.Store(true)
	}()
	ready.Store(true)
}

// Its schedules can be counted: a goroutine goes on three times, another one twice, and the test three times. The second exists once the
// test has gone on twice.
func TestCountsRight(*testing.T) {
	var n atomic.Int32
	go func() { n.Add(1); n.Add(1) }()
	go func() { n.Add(1) }()
}

// Its goroutines go on for ever.
func TestTickersRight(t *testing.T) {
	for range 2 {
		go func() {
			var n atomic.Int32
			for range time.Tick(time.Hour) {
				n.Add(1)
			}
		}()
	}
}

// Three goroutines spin for ever.
func TestSpinsRight(*testing.T) {
	var n atomic.Int64
	for range 3 {
		go func() {
			for n.Load() >= 0 {
			}
		}()
	}
}

// One waits for a file, so nothing is chosen while others go on.
func TestPipeRight(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	open = append(open, r, w)
	stores, during := twice()
	go func() { _, _ = r.Read(make([]byte, 1)) }()
	beside(t, func() { time.Sleep(time.Hour); stores() }, func() { time.Sleep(time.Hour); during() })
}

var open []*os.File // or the collector would close them

// A timer is set before the end, and does not fire early after it.
func TestTimerRight(t *testing.T) {
	stores, during := twice()
	time.AfterFunc(time.Millisecond, stores)
	beside(t, func() { during() }, func() { during() })
}
