// Package closing holds a count whose Close asks for ever whether all additions have arrived, if one was lost.
package closing

import (
	"runtime"
	"sync/atomic"
)

// A count is two numbers. It adds to the first in two steps.
type count struct{ arrived, added atomic.Int64 }

func (c *count) Add(n int) {
	now := c.arrived.Load()
	c.arrived.Store(now + int64(n))
	c.added.Add(int64(n))
}

func (c *count) Added() int { return int(c.added.Load()) }

func (c *count) Close() error {
	for c.arrived.Load() != c.added.Load() {
		runtime.Gosched()
	}
	return nil
}
