// Package shapes has a test for each thing that a plain test may do, and that its exploration must get right.
package shapes

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestSequential(t *testing.T) {
	dir := t.TempDir()
	t.Cleanup(func() {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	})
	t.Run("part", func(t *testing.T) { t.Log("nothing runs beside it") })
}

func TestSkips(t *testing.T) { t.Skip("not today") }

var runs atomic.Int64

func TestPackageCounter(t *testing.T) {
	var mu sync.Mutex
	if runs.Add(1)%2 == 0 {
		mu.Lock()
		mu.Unlock()
	}
	done := make(chan bool)
	go close(done)
	<-done
}

func TestSynctest(t *testing.T) {
	synctest.Test(t, func(*testing.T) { time.Sleep(time.Second) })
}

func TestExits(t *testing.T) {
	done := make(chan bool)
	go func() {
		defer close(done)
		os.Exit(3)
	}()
	<-done
}

func TestLogsLate(t *testing.T) {
	go func() { t.Log("who knows when") }()
	runtimeGosched()
}

func runtimeGosched() { time.Sleep(0) }

func TestParallelParts(t *testing.T) {
	var n atomic.Int32
	t.Run("all", func(t *testing.T) {
		for range 2 {
			t.Run("one", func(t *testing.T) {
				t.Parallel()
				n.Store(n.Load() + 1)
			})
		}
	})
	if n.Load() != 2 {
		t.Errorf("%d parts were counted", n.Load())
	}
}

func TestSelectTakesAnyReadyCase(t *testing.T) {
	a, b := make(chan int, 1), make(chan int, 1)
	go func() {
		a <- 1
		b <- 2
	}()
	time.Sleep(time.Second)
	select {
	case <-a:
	case v := <-b:
		t.Errorf("%d came first", v)
	}
}

func TestUnlocksTwice(t *testing.T) {
	var mu sync.Mutex
	var once atomic.Bool
	mu.Lock()
	for range 2 {
		go func() {
			if !once.Load() {
				once.Store(true)
				mu.Unlock()
			}
		}()
	}
	mu.Lock()
}

func TestPollsTheClock(t *testing.T) {
	done := make(chan bool)
	go close(done)
	for begun := time.Now(); time.Since(begun) < time.Minute; {
	}
	<-done
}

func TestTimersRight(t *testing.T) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	late := time.After(10*time.Second + time.Millisecond)
	n := 0
	for {
		select {
		case <-tick.C:
			n++
			continue
		case <-late:
		}
		break
	}
	if n != 10 {
		t.Errorf("%d ticks", n)
	}
}

func TestFileIsMadeOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if f, err := os.Open(name); err == nil {
				_ = f.Close()
				return
			}
			f, err := os.Create(name)
			if err != nil {
				t.Error(err)
				return
			}
			made.Add(1)
			_ = f.Close()
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("the file was made %d times", made.Load())
	}
}

func TestPipeRight(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		_, _ = w.Write([]byte("hello"))
		_ = w.Close()
	}()
	var text [8]byte
	if n, _ := r.Read(text[:]); n != 5 {
		t.Errorf("%d bytes", n)
	}
}

// While the writer is in a system call the scheduler gives its processor to another thread, which waits for files.
func TestPipeAfterASlowCall(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var mu sync.Mutex
	count := func() {
		mu.Lock()
		defer mu.Unlock()
	}
	go func() {
		for range 3 {
			_ = syscall.Nanosleep(&syscall.Timespec{Nsec: 300_000}, nil)
		}
		_, _ = w.Write([]byte("hello"))
		count()
		count()
		_ = w.Close()
	}()
	var text [8]byte
	if n, _ := r.Read(text[:]); n != 5 {
		t.Errorf("%d bytes", n)
	}
	count()
}

func TestLeaksAlways(t *testing.T) {
	for range 2 {
		go func() { select {} }()
	}
}

func TestSpinsRight(t *testing.T) {
	var flag atomic.Bool
	go flag.Store(true)
	for !flag.Load() {
	}
}

var counted atomic.Int32

func count() { counted.Store(counted.Load() + 1) }

func TestNamedGoroutines(t *testing.T) {
	counted.Store(0)
	go count()
	go count()
	time.Sleep(time.Second)
	if counted.Load() != 2 {
		t.Errorf("counted %d", counted.Load())
	}
}

type cell[V any] struct {
	mu sync.Mutex
	v  V
}

func (c *cell[V]) change(f func(V) V) {
	c.mu.Lock()
	v := c.v
	c.mu.Unlock()
	c.mu.Lock()
	c.v = f(v)
	c.mu.Unlock()
}

func TestGeneric(t *testing.T) {
	var c cell[map[string]int]
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		wg.Go(func() {
			c.change(func(old map[string]int) map[string]int {
				changed := map[string]int{name: 1}
				for k, v := range old {
					changed[k] = v
				}
				return changed
			})
		})
	}
	wg.Wait()
	if len(c.v) != 2 {
		t.Errorf("%v", c.v)
	}
}

// A pool of the package outlives the test, and what is in it belongs to an execution.
var channels = sync.Pool{New: func() any { return make(chan int, 1) }}

func TestPoolRight(t *testing.T) {
	c := channels.Get().(chan int)
	var wg sync.WaitGroup
	wg.Go(func() { c <- 1 })
	wg.Go(func() { <-c })
	wg.Wait()
	channels.Put(c)
}

// Who is woken may go on at once: before the next thing that the waker does.
func TestWokenGoesOn(t *testing.T) {
	var stored atomic.Bool
	woken, done := make(chan struct{}), make(chan struct{})
	go func() {
		<-woken
		if !stored.Load() {
			t.Error("it is not stored yet")
		}
		close(done)
	}()
	time.Sleep(time.Millisecond) // it waits then
	woken <- struct{}{}
	stored.Store(true)
	<-done
}
