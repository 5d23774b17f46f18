package planted

import (
	"sync"
	"time"
)

// A Poller calls a function at each interval until it is stopped.
type Poller struct {
	mu      sync.Mutex
	polls   int
	quit    chan struct{}
	stopped chan struct{}
}

func StartPoller(interval time.Duration, f func()) *Poller {
	p := &Poller{quit: make(chan struct{}), stopped: make(chan struct{})}
	go p.run(interval, f)
	return p
}

func (p *Poller) run(interval time.Duration, f func()) {
	defer close(p.stopped)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.mu.Lock()
			p.polls++
			p.mu.Unlock()
			f()
		case <-p.quit:
			return
		}
	}
}

// Stop returns when no poll is under way, and how many there were.
func (p *Poller) Stop() int {
	close(p.quit)
	<-p.stopped
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.polls
}
