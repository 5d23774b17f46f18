// Package studies has programs of studies of concurrency testing in which chance fails: the more goroutines there are, the less likely is the
// one order of a few operations that shows the bug. They are written from their description in SCTBench (Thomson, Donaldson and Betts, TOPC 2016).
package studies

import (
	"sync"
	"sync/atomic"
	"testing"
)

const hundred = 100

// Setters store two variables one after the other, and a checker sees the first alone.
func TestReorder100(t *testing.T) {
	var a, b atomic.Int32
	var wg sync.WaitGroup
	for range hundred - 1 {
		wg.Go(func() {
			a.Store(1)
			b.Store(-1)
		})
	}
	wg.Go(func() {
		if a.Load() == 1 && b.Load() == 0 {
			t.Error("a setter has begun, and none has ended")
		}
	})
	wg.Wait()
}

// Writers change a number, and then another one that depends on it, each under a lock of its own.
func TestTwoStage100(t *testing.T) {
	var first, second sync.Mutex
	var one, two int
	var wg sync.WaitGroup
	for range hundred - 1 {
		wg.Go(func() {
			first.Lock()
			one = 1
			first.Unlock()
			second.Lock()
			two = 2
			second.Unlock()
		})
	}
	wg.Go(func() {
		first.Lock()
		before := one
		first.Unlock()
		if before == 0 {
			return
		}
		second.Lock()
		defer second.Unlock()
		if two != before+1 {
			t.Errorf("the first stage is %d, and the second %d", before, two)
		}
	})
	wg.Wait()
}

// Each looks at a token and passes it on, and all of them look at the same one.
func TestLostTokens100(t *testing.T) {
	var token atomic.Int32
	var wg sync.WaitGroup
	for range hundred {
		wg.Go(func() {
			seen := token.Load()
			token.Store(seen + 1)
		})
	}
	wg.Wait()
	if token.Load() == 1 {
		t.Error("all took the same token")
	}
}
