package clock

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestSynctestRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if want := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); !begun.Equal(want) {
			t.Errorf("the clock begins at %v", begun)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		time.Sleep(5*time.Second - time.Nanosecond)
		synctest.Wait()
		if err := ctx.Err(); err != nil {
			t.Errorf("before the deadline: %v", err)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if err := ctx.Err(); err != context.DeadlineExceeded {
			t.Errorf("after the deadline: %v", err)
		}
		if d := time.Since(begun); d != 5*time.Second {
			t.Errorf("%v have passed", d)
		}
		var n atomic.Int32
		var wg sync.WaitGroup
		for i := 0; i < 2; i++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				n.Add(1)
			}()
		}
		synctest.Wait()
		if n.Load() != 2 {
			t.Errorf("%d after Wait", n.Load())
		}
		wg.Wait()
	})
	if time.Since(time.Date(2025, 5, 14, 11, 37, 42, 123456789, time.UTC)) > time.Second {
		t.Error("the clock of the bubble is another one")
	}
}

// Two of them side by side have two clocks.
func TestSynctestsRight(t *testing.T) {
	for _, d := range []time.Duration{time.Second, time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				time.Sleep(d)
				if time.Since(begun) != d {
					t.Error(time.Since(begun))
				}
			})
		})
	}
}

func TestSynctestLosesAnUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		for i := 0; i < 2; i++ {
			go func() { n.Store(n.Load() + 1) }()
		}
		synctest.Wait()
		if n.Load() != 2 {
			t.Errorf("%d", n.Load())
		}
	})
}

func TestSynctestBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := make(chan int, 1), make(chan int)
		go func() {
			select {
			case first <- 1:
				<-second
			default:
			}
		}()
		select {
		case first <- 2:
		default:
			second <- 3
		}
		<-first
	})
}

// Wait does not return while somebody waits for what comes from outside.
func TestSynctestOutsideRight(t *testing.T) {
	outside := make(chan int)
	go func() { outside <- 1 }()
	synctest.Test(t, func(t *testing.T) {
		got := 0
		go func() { got = <-outside }()
		synctest.Wait()
		if got != 1 {
			t.Error("a channel from outside is waited for")
		}
	})
}

func TestSynctestEscapes(t *testing.T) {
	var inside chan int
	done := make(chan bool)
	synctest.Test(t, func(t *testing.T) { inside = make(chan int, 1) })
	go close(done)
	<-done
	inside <- 1
}

// Timers are due at the same moment; which of them fires first says how long the way to the end is.
func TestSameMomentRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var first []int
		done := make(chan bool, 5)
		for i := 0; i < 5; i++ {
			time.AfterFunc(time.Second, func() {
				mu.Lock()
				first = append(first, i)
				mu.Unlock()
				done <- true
			})
		}
		for i := 0; i < 5; i++ {
			<-done
		}
		for i := 0; i < first[0]; i++ {
			mu.Lock()
			mu.Unlock()
		}
	})
}
