// Package first has tests of caches that only the first execution in a process fills.
package first

import (
	"sync"
	"testing"
)

// A cache counts how often it was filled.
type cache struct {
	mu     sync.Mutex
	filled bool
	fills  int
}

// fill looks and fills in two steps: two clients may both find it empty.
func (c *cache) fill() {
	c.mu.Lock()
	filled := c.filled
	c.mu.Unlock()
	if !filled {
		c.mu.Lock()
		c.filled = true
		c.fills++
		c.mu.Unlock()
	}
}

func (c *cache) fillRight() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.filled {
		c.filled = true
		c.fills++
	}
}

// twice calls a function in two goroutines.
func twice(f func()) {
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			f()
		}()
	}
	wg.Wait()
}

var shared, sharedRight cache

func TestFill(t *testing.T) {
	if twice(shared.fill); shared.fills != 1 {
		t.Errorf("filled %d times", shared.fills)
	}
}

func TestFillRight(t *testing.T) {
	var once sync.Mutex // a lock of each execution; the cache's own is taken as often in all of them
	if !sharedRight.filled {
		once.Lock()
		once.Unlock()
	}
	if twice(sharedRight.fillRight); sharedRight.fills != 1 {
		t.Errorf("filled %d times", sharedRight.fills)
	}
}

func TestOwnCacheRight(t *testing.T) {
	var own cache
	if twice(own.fillRight); own.fills != 1 {
		t.Errorf("filled %d times", own.fills)
	}
}
