// Package moments has tests that wait for a moment while goroutines go on.
package moments

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Reading the clock takes no time that counts, however often it is read.
func TestReadsRight(t *testing.T) {
	start, last := time.Now(), time.Time{}
	for range 100_000 {
		last = time.Now()
	}
	var n atomic.Int32
	for range 1_000 {
		n.Add(1)
		last = time.Now()
	}
	if took := last.Sub(start); took > time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// Loops that wait for a moment end, alone.
func TestLoopsRight(t *testing.T) {
	var over atomic.Bool
	for until := time.Now().Add(time.Hour); time.Now().Before(until); {
	}
	for until := time.Now().Add(time.Second); time.Now().Before(until) && !over.Load(); {
		runtime.Gosched()
	}
	var mu sync.Mutex
	passes, start := 0, time.Now()
	for time.Since(start) < time.Second {
		mu.Lock()
		passes++
		mu.Unlock()
	}
	if took := time.Since(start); took > 1100*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// The flag is set long before the deadline: a loop does not make time pass before the other goroutine had a turn.
func TestFlagRight(t *testing.T) {
	var set atomic.Bool
	go set.Store(true)
	for until := time.Now().Add(time.Second); !set.Load(); {
		if time.Now().After(until) {
			t.Fatal("a second has passed")
		}
	}
}

// Goroutines work until the clock says that it is enough.
func TestUntilRight(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := map[int]int{}
	for i := range 3 {
		wg.Go(func() {
			for start := time.Now(); time.Since(start) < time.Second; {
				mu.Lock()
				done[i]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(done) != 3 {
		t.Error("somebody did nothing")
	}
}

// work lets goroutines work until somebody who waits stops them.
func work(wait func()) (passes int64) {
	var wg sync.WaitGroup
	var stop atomic.Bool
	var n atomic.Int64
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				n.Add(1)
			}
		})
	}
	wait()
	stop.Store(true)
	wg.Wait()
	return n.Load()
}

func TestSleepsRight(t *testing.T) { work(func() { time.Sleep(time.Second) }) }

func TestReceivesRight(t *testing.T) { work(func() { <-time.After(time.Second) }) }

// What goes wrong after a sleep that was over while others went on is a matter of timing.
func TestSleepsAndFails(t *testing.T) {
	if work(func() { time.Sleep(time.Second) }) > 12_000 {
		t.Error("more than they should")
	}
}

// Long work beside a limit that nobody waits for is no matter of time.
func TestLimitRight(t *testing.T) {
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	var n atomic.Int64
	for range 2 {
		wg.Go(func() {
			for range 15_000 {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	if limit.Err() != nil {
		t.Error("ten minutes have passed")
	}
}

// A benchmark goes on until its time is over, and the clock stands still meanwhile.
func TestBenchmarksRight(t *testing.T) {
	var n atomic.Int64
	testing.Benchmark(func(b *testing.B) {
		for range b.N {
			n.Add(1)
		}
	})
	testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			n.Add(1)
		}
	})
	if n.Load() != 2 {
		t.Errorf("%d passes", n.Load())
	}
}

// Anybody may send here, and nobody does.
var stopped = make(chan bool)

// Nobody stops the goroutines.
func TestManyForEver(t *testing.T) {
	var n atomic.Int64
	for range 6 {
		go func() {
			for n.Add(1) > 0 {
			}
		}()
	}
	<-stopped
}
