package sched

import (
	"sync"
	"sync/atomic"
)

// A frontier is what is left of a tree that several workers enumerate.
type frontier struct {
	hungry  atomic.Bool // somebody waits for a part
	mu      sync.Mutex
	changed sync.Cond
	parts   [][]branch
	workers int
	idle    int
	closed  bool
	// abandoned says that something was left.
	abandoned bool
}

// newFrontier holds the whole tree.
func newFrontier(workers int) *frontier {
	f := &frontier{workers: workers, parts: [][]branch{nil}}
	f.changed.L = &f.mu
	return f
}

// take returns a part, waiting for one. It returns false when nothing is left and nobody works, or when it was closed.
func (f *frontier) take() ([]branch, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle++
	for len(f.parts) == 0 && f.idle < f.workers && !f.closed {
		f.hungry.Store(true)
		f.changed.Wait()
	}
	if len(f.parts) == 0 || f.closed {
		f.closed = true
		f.changed.Broadcast()
		return nil, false
	}
	f.idle--
	last := len(f.parts) - 1
	part := f.parts[last]
	f.parts = f.parts[:last]
	f.hungry.Store(f.idle > len(f.parts))
	return part, true
}

func (f *frontier) give(part []branch) {
	f.mu.Lock()
	f.parts = append(f.parts, part)
	f.hungry.Store(f.idle > len(f.parts))
	f.changed.Signal()
	f.mu.Unlock()
}

// abandon ends it because it is not worth more.
func (f *frontier) abandon() {
	f.mu.Lock()
	f.abandoned = true
	f.mu.Unlock()
	f.close()
}

// close ends it early.
func (f *frontier) close() {
	f.mu.Lock()
	f.closed = true
	f.changed.Broadcast()
	f.mu.Unlock()
}
