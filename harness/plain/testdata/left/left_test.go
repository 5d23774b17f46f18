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

type account struct {
	mu    sync.Mutex
	owner string
}

// locksBoth locks two accounts in each order, one after the other in two goroutines.
func locksBoth() {
	both := func(x, y *account) {
		x.mu.Lock()
		y.mu.Lock()
		y.mu.Unlock()
		x.mu.Unlock()
	}
	a, b := new(account), new(account)
	go both(a, b)
	go both(b, a)
}

// Somebody goes on for ever, and has nothing to do with the locks.
func TestLocksBesideATicker(*testing.T) {
	go func() {
		for {
			time.Sleep(time.Millisecond)
		}
	}()
	locksBoth()
	time.Sleep(time.Second)
}

func TestLocksBesideAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	open = append(open, r, w)
	go func() { _, _ = r.Read(make([]byte, 1)) }()
	locksBoth()
	time.Sleep(time.Second)
}

// known is reached by whoever runs.
var known = make(chan bool)

// Who goes on could wake the ones who wait: it has their channel, lock, condition or group, or they are known to all.
func TestTickersMayWakeRight(*testing.T) {
	var mu, held sync.Mutex
	var rw sync.RWMutex
	var group sync.WaitGroup
	cond := sync.NewCond(&mu)
	done, other, never := make(chan bool), make(chan bool), time.Now().Add(10*365*24*time.Hour)
	held.Lock()
	rw.Lock()
	group.Add(1)
	both(func() {
		go func() { <-done }()
		go func() { <-known }()
		go func() {
			select {
			case <-done:
			case other <- true:
			}
		}()
		go func() {
			mu.Lock()
			defer mu.Unlock()
			cond.Wait()
		}()
	})
	go group.Wait()
	go func() { held.Lock(); defer held.Unlock() }()
	go func() { rw.RLock(); defer rw.RUnlock() }()
	go func() {
		for time.Now().Before(never) {
			time.Sleep(time.Millisecond)
		}
		close(done)
		cond.Broadcast()
		group.Done()
		held.Unlock()
		rw.Unlock()
	}()
}

// Nobody can wake any of these, and somebody goes on.
func TestEachWaitBesideATicker(*testing.T) {
	go func() {
		for {
			time.Sleep(time.Millisecond)
		}
	}()
	both(func() {})
	func() {
		var rw sync.RWMutex
		var group struct {
			sync.WaitGroup
			of []int
		}
		own, cond := new(account), sync.NewCond(new(sync.Mutex))
		one, two := make(chan bool), make(chan bool)
		own.mu.Lock()
		rw.Lock()
		group.Add(1)
		go func() { one <- true }()
		go func() {
			select {
			case <-two:
			case two <- true:
			}
		}()
		go func() {
			cond.L.Lock()
			cond.Wait()
		}()
		go group.Wait()
		go own.mu.Lock()
		go rw.RLock()
	}()
}

// A lock of eight bytes may share its memory with something that is reached: nobody can tell.
func TestLoneLocksRight(*testing.T) {
	go func() {
		for {
			time.Sleep(time.Millisecond)
		}
	}()
	both(func() {
		mu := new(sync.Mutex)
		mu.Lock()
		go mu.Lock()
	})
}
