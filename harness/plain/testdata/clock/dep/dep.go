// Package dep is a dependency of the code under test.
package dep

import "sync"

// A Counter counts.
type Counter struct {
	mu sync.Mutex
	n  int
}

// Get is how far it has counted.
func (c *Counter) Get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// Set has it go on from n.
func (c *Counter) Set(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = n
}
