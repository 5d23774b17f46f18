package planted

import (
	"context"
	"slices"
	"sync"
)

// A QueueLock is given in order of arrival, and can be waited for with a context.
type QueueLock struct {
	mu    sync.Mutex
	held  bool
	queue []chan struct{}
}

func (l *QueueLock) Acquire(ctx context.Context) error {
	l.mu.Lock()
	if !l.held {
		l.held = true
		l.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	l.queue = append(l.queue, turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		if i := slices.Index(l.queue, turn); i >= 0 {
			l.queue = slices.Delete(l.queue, i, i+1)
		} else {
			l.next() // it was given meanwhile
		}
		return ctx.Err()
	}
}

func (l *QueueLock) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next()
}

func (l *QueueLock) next() {
	if l.held = len(l.queue) > 0; l.held {
		close(l.queue[0])
		l.queue = l.queue[1:]
	}
}
