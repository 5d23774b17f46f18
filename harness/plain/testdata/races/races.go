// Package races has data races, each beside what is right, in plain Go.
package races

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A Counter forgets its lock.
type Counter struct{ n int }

func (c *Counter) Inc()     { c.n++ }
func (c *Counter) Get() int { return c.n }

// A Feed is closed while somebody may send.
type Feed struct{ ch chan int }

func (f *Feed) Send(v int) { f.ch <- v }
func (f *Feed) Close()     { close(f.ch) }

// A Box publishes its value before it says that it is there; who comes too early looks without the lock.
type Box struct {
	mu    sync.Mutex
	ready bool
	value int
}

func (b *Box) Put(v int) {
	b.value = v
	b.mu.Lock()
	b.ready = true
	b.mu.Unlock()
}

// Peek is right if the value is there, and else reads what may be written.
func (b *Box) Peek() int {
	b.mu.Lock()
	ready := b.ready
	b.mu.Unlock()
	if !ready {
		return b.value
	}
	return -1
}

// A Cache is a map that two goroutines change.
type Cache struct {
	mu    sync.RWMutex
	items map[string]int
	asked int
}

func (c *Cache) Set(k string, v int) {
	c.mu.Lock()
	c.items[k] = v
	c.mu.Unlock()
}

// Len has only a read lock and writes, in two places.
func (c *Cache) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	c.items["asked"] = c.note()
	return len(c.items)
}

func (c *Cache) note() int {
	c.asked++
	return c.asked
}

// A Printer prints after it has touched what it shares, and before: what fmt keeps for the next caller must not order them.
type Printer struct{ last string }

func (p *Printer) Print(v int) {
	s := fmt.Sprintf("%d", v)
	p.last = s
	fmt.Sprintf("%s", s)
}

// After has two timers whose functions touch the same memory.
func After(out *int, done chan<- bool) {
	time.AfterFunc(time.Second, func() { *out = 1; done <- true })
	time.AfterFunc(2*time.Second, func() { *out = 2; done <- true })
}

// Right are ways in which one goroutine may hand a value to another: the detector must say nothing of any.
var Right = map[string]func(put func(), get func()){
	"unbuffered channel": func(put, get func()) {
		c := make(chan bool)
		go func() { put(); c <- true }()
		<-c
		get()
	},
	"closed channel": func(put, get func()) {
		c := make(chan bool)
		go func() { put(); close(c) }()
		<-c
		get()
	},
	"semaphore channel": func(put, get func()) {
		c := make(chan bool, 1)
		var wg sync.WaitGroup
		for _, f := range []func(){put, get} {
			wg.Go(func() { c <- true; f(); <-c })
		}
		wg.Wait()
	},
	"mutex": func(put, get func()) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, f := range []func(){put, get} {
			wg.Go(func() { mu.Lock(); f(); mu.Unlock() })
		}
		wg.Wait()
	},
	"rwmutex": func(put, get func()) {
		var mu sync.RWMutex
		var wg sync.WaitGroup
		wg.Go(func() { mu.Lock(); put(); mu.Unlock() })
		for range 2 {
			wg.Go(func() { mu.RLock(); get(); mu.RUnlock() })
		}
		wg.Wait()
	},
	"once": func(put, get func()) {
		var once sync.Once
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { once.Do(put); get() })
		}
		wg.Wait()
	},
	"atomic": func(put, get func()) {
		var ready atomic.Bool
		go func() { put(); ready.Store(true) }()
		for !ready.Load() {
			time.Sleep(time.Millisecond)
		}
		get()
	},
	"cond": func(put, get func()) {
		var mu sync.Mutex
		ready, cond := false, sync.NewCond(&mu)
		go func() { put(); mu.Lock(); ready = true; mu.Unlock(); cond.Signal() }()
		mu.Lock()
		for !ready {
			cond.Wait()
		}
		mu.Unlock()
		get()
	},
	"context": func(put, get func()) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { put(); cancel() }()
		<-ctx.Done()
		get()
	},
	"timer": func(put, get func()) {
		done := make(chan bool)
		put()
		time.AfterFunc(time.Second, func() { get(); close(done) })
		<-done
		put()
	},
	"sync.Map": func(put, get func()) {
		var m sync.Map
		go func() { put(); m.Store(1, true) }()
		for {
			if _, ok := m.Load(1); ok {
				break
			}
			time.Sleep(time.Millisecond)
		}
		get()
	},
	"select": func(put, get func()) {
		a, b := make(chan bool, 1), make(chan bool, 1)
		go func() { put(); a <- true; b <- true }()
		select {
		case <-a:
		case <-b:
		}
		get()
	},
}
