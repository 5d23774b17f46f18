package planted

import (
	"slices"
	"sync"
	"time"
)

type connection int

// Connections are lent to one at a time; one that comes back goes to who has waited longest.
type Connections struct {
	mu      sync.Mutex
	free    []connection
	waiting []chan connection
}

// Get waits for a connection, but no longer than patience.
func (p *Connections) Get(patience time.Duration) (c connection, ok bool) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		defer p.mu.Unlock()
		c, p.free = p.free[n-1], p.free[:n-1]
		return c, true
	}
	ch := make(chan connection, 1)
	p.waiting = append(p.waiting, ch)
	p.mu.Unlock()
	select {
	case c = <-ch:
		return c, true
	case <-time.After(patience):
		p.forget(ch)
		return 0, false
	}
}

func (p *Connections) forget(ch chan connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, ch); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	} else {
		p.put(<-ch)
	}
}

func (p *Connections) Put(c connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(c)
}

func (p *Connections) put(c connection) {
	if len(p.waiting) == 0 {
		p.free = append(p.free, c)
		return
	}
	p.waiting[0] <- c
	p.waiting = p.waiting[1:]
}
