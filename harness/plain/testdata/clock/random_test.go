package clock

import (
	crypto "crypto/rand"
	"math/rand"
	randv2 "math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	_ "unsafe" // for go:linkname

	"example.com/dep"
)

// beside has a second goroutine, so that there is something to explore.
func beside() (wait func()) {
	done := make(chan bool)
	go close(done)
	return func() { <-done }
}

func TestRandom(t *testing.T) {
	defer beside()()
	if a, b := rand.Intn(8), randv2.IntN(8); a == 7 && b != 0 {
		t.Errorf("%d and %d", a, b)
	}
}

// Some packages take the runtime's own random numbers.
//
//go:linkname cheaprandn runtime.cheaprandn
func cheaprandn(n uint32) uint32

func TestRuntimesOwn(t *testing.T) {
	defer beside()()
	if n := cheaprandn(8); n == 7 {
		t.Errorf("it was %d", n)
	}
}

func TestMapOrder(t *testing.T) {
	defer beside()()
	m := map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
	last := ""
	for k := range m {
		last = k
	}
	if last == "c" {
		t.Error("c was the last")
	}
}

func TestSecret(t *testing.T) {
	defer beside()()
	var mu sync.Mutex
	var b [8]byte
	_, _ = crypto.Read(b[:])
	for i := 0; i < int(b[0]); i++ {
		mu.Lock()
		mu.Unlock()
	}
}

func TestLeavesFolders(t *testing.T) {
	if err := os.WriteFile(filepath.Join(t.TempDir(), "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	var stop atomic.Bool
	go func() {
		defer close(done)
		if !stop.Load() {
			panic("too early")
		}
	}()
	stop.Store(true)
	<-done
}

func TestDependency(t *testing.T) {
	var c dep.Counter
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c.Set(c.Get() + 1)
		}()
	}
	wg.Wait()
	if c.Get() != 2 {
		t.Errorf("%d", c.Get())
	}
}

func add(n *atomic.Int32, by int32) { n.Store(n.Load() + by) }

func TestArguments(t *testing.T) {
	var n atomic.Int32
	go add(&n, 1)
	go add(&n, 2)
	time.Sleep(time.Second)
	if n.Load() != 3 {
		t.Errorf("%d", n.Load())
	}
}

// A loop that gives up its turn comes to its end without a switch.
func TestYields(t *testing.T) {
	var n, done atomic.Int32
	for i := 0; i < 2; i++ {
		go func() {
			v := n.Load()
			pause()
			n.Store(v + 1)
			done.Add(1)
		}()
	}
	for done.Load() < 2 {
		pause()
	}
	if n.Load() != 2 {
		t.Errorf("%d", n.Load())
	}
}

// What one goroutine does alone is no choice, however long it takes.
func TestLongAloneRight(t *testing.T) {
	var n atomic.Int64
	for i := 0; i < 1_000; i++ {
		n.Add(1)
	}
	beside()()
}

// A mutex that somebody waits for longer than a millisecond is handed over.
func TestStarvesRight(t *testing.T) {
	var mu sync.Mutex
	done := make(chan bool)
	for i := 0; i < 3; i++ {
		go func() {
			for j := 0; j < 3; j++ {
				mu.Lock()
				time.Sleep(time.Millisecond)
				mu.Unlock()
			}
			done <- true
		}()
	}
	for i := 0; i < 3; i++ {
		<-done
	}
}
