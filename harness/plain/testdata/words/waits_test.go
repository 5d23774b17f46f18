package words

import (
	"sync"
	"testing"
	"time"
)

// A lock is a Locker of its own.
type lock struct{ mu sync.Mutex }

func (l *lock) Lock()   { l.mu.Lock() }
func (l *lock) Unlock() { l.mu.Unlock() }

// Nobody wakes it, and something ticks for ever.
func TestWaitsBesideATicker(t *testing.T) {
	go func() {
		for range time.Tick(time.Second) {
		}
	}()
	cond := sync.NewCond(&lock{})
	cond.L.Lock()
	cond.Wait()
}
