package races

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestCounter(t *testing.T) {
	var c Counter
	var wg sync.WaitGroup
	wg.Go(c.Inc)
	wg.Go(func() { c.Get() })
	wg.Wait()
}

// The schedule without a switch has Put before Peek, and no race.
func TestBox(t *testing.T) {
	var b Box
	var wg sync.WaitGroup
	wg.Go(func() { b.Put(1) })
	wg.Go(func() { b.Peek() })
	wg.Wait()
}

// Without a switch it sends first, which is a race; with one it sends on a closed channel.
func TestFeed(t *testing.T) {
	f := Feed{make(chan int, 1)}
	var wg sync.WaitGroup
	wg.Go(func() { f.Send(1) })
	wg.Go(f.Close)
	wg.Wait()
}

// The race comes first, in the order in which the goroutines are started.
func TestFeedCloses(t *testing.T) {
	f := Feed{make(chan int, 1)}
	var wg sync.WaitGroup
	wg.Go(f.Close)
	wg.Go(func() { f.Send(1) })
	wg.Wait()
}

func TestCache(t *testing.T) {
	c := Cache{items: map[string]int{}}
	var wg sync.WaitGroup
	wg.Go(func() { c.Set("a", 1) })
	wg.Go(func() { c.Len() })
	wg.Go(func() { c.Len() })
	wg.Wait()
}

func TestPrinter(t *testing.T) {
	var p Printer
	var wg sync.WaitGroup
	wg.Go(func() { p.Print(1) })
	wg.Go(func() { p.Print(2) })
	wg.Wait()
}

var runs atomic.Int64

// TestApart has a point more every second time, so that each schedule has a process of its own.
func TestApart(t *testing.T) {
	var mu sync.Mutex
	if runs.Add(1)%2 == 0 {
		mu.Lock()
		mu.Unlock()
	}
	TestCounter(t)
}

// The race comes before the panic.
func TestPanics(t *testing.T) {
	var c Counter
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if c.Inc(); c.n == 2 {
				panic("counted both")
			}
		})
	}
	wg.Wait()
}

// A hundred goroutines end between the two accesses, and order nobody.
func TestMany(t *testing.T) {
	var c Counter
	look, looked := make(chan bool), make(chan bool)
	go c.Inc()
	go func() {
		<-look
		c.Get()
		close(looked)
	}()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {})
	}
	wg.Wait()
	close(look)
	<-looked
}

// Who sets one timer has nothing to do with what another one starts.
func TestTimersOrderNobody(t *testing.T) {
	var c Counter
	done := make(chan bool, 2)
	time.AfterFunc(2*time.Second, func() { c.Get(); done <- true })
	go func() {
		c.Inc()
		time.AfterFunc(time.Second, func() { done <- true })
	}()
	<-done
	<-done
}

func TestAfter(t *testing.T) {
	out, done := 0, make(chan bool, 2)
	After(&out, done)
	<-done
	<-done
}

func TestRight(t *testing.T) {
	for name, hand := range Right {
		t.Run(name, func(t *testing.T) {
			value := 0
			hand(func() { value = 1 }, func() { _ = value + 1 })
		})
	}
}

// What a test writes and says is no race with who asks for it.
func TestOnlyFails(t *testing.T) {
	done := make(chan bool)
	go func() { done <- true }()
	<-done
	t.Log("it logs")
	t.Errorf("and fails for %d", 1)
}

func TestLogsRight(t *testing.T) {
	done := make(chan bool)
	go func() {
		t.Log("it logs")
		done <- true
	}()
	<-done
	t.Log("and logs")
}
