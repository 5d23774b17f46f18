// Package strays has tests that depend on something outside of their process, now and then.
package strays

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// oddly does something more in each eleventh execution.
func oddly(t *testing.T) {
	f, err := os.OpenFile("runs.txt", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	if info.Size()%11 == 0 {
		mu.Lock()
		mu.Unlock()
	}
}

// count has two goroutines count.
func count(t *testing.T, add func(*atomic.Int32)) {
	var n atomic.Int32
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { add(&n) })
	}
	wg.Wait()
	if n.Load() != 2 {
		t.Errorf("%d were counted", n.Load())
	}
}

func TestNowAndThenRight(t *testing.T) {
	oddly(t)
	count(t, func(n *atomic.Int32) { n.Add(1) })
}

func TestNowAndThen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	oddly(t)
	count(t, func(n *atomic.Int32) { n.Store(n.Load() + 1) })
}
