// Package left has tests after which goroutines are left: such as leaked, and such as did not.
package left

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// forEver blocks for ever in goroutines that no test has started.
func forEver() { <-make(chan int) }

func init() { go forEver() }

func TestMain(m *testing.M) {
	go forEver()
	os.Exit(m.Run())
}

// both waits for two goroutines, without which a test is sequential.
func both(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Go(f)
	wg.Wait()
}

func TestBesideOthersRight(*testing.T) { both(func() {}) }

// Somebody waits for a timer that is due within a day, and for one that is due later than anybody looks.
func TestTimersRight(*testing.T) {
	for _, after := range []time.Duration{time.Hour, 48 * time.Hour} {
		done := make(chan bool)
		time.AfterFunc(after, func() { close(done) })
		both(func() {
			go func() { <-done }()
		})
	}
}

var open []*os.File // or the collector would close them

func TestPipeRight(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	open = append(open, r, w)
	both(func() {
		go func() { _, _ = r.Read(make([]byte, 1)) }()
	})
}

// Whoever sends second has leaked, if the cleanup has received before.
func TestSends(t *testing.T) {
	ch := make(chan int)
	t.Cleanup(func() {
		select {
		case <-ch:
		default:
		}
	})
	go func() { ch <- 1 }()
	runtime.Gosched()
}

// What a cleanup ends is no leak.
func TestCleansUpRight(t *testing.T) {
	done := make(chan bool)
	t.Cleanup(func() { close(done) })
	both(func() {
		go func() { <-done }()
	})
}

func TestGoexitRight(t *testing.T) {
	var mu sync.Mutex
	n := 0
	both(func() {
		mu.Lock()
		defer mu.Unlock()
		n++
		runtime.Goexit()
	})
	if n != 2 {
		t.Errorf("%d of 2", n)
	}
	t.Run("part", func(t *testing.T) {
		both(func() {})
		defer func() { n = 0 }()
		t.SkipNow()
	})
	if n != 0 {
		t.Error("what the skipped part had deferred has not run")
	}
}
