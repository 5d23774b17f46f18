package queue

import (
	"errors"
	"sync"
)

var ErrClosed = errors.New("the queue is closed")

// A Queue holds a bounded number of values, the oldest first.
type Queue[T any] struct {
	mu      sync.Mutex
	changed *sync.Cond
	values  []T
	most    int
	closed  bool
}

func New[T any](most int) *Queue[T] {
	q := &Queue[T]{most: most}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// Put adds a value, and waits for room.
func (q *Queue[T]) Put(v T) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.values) == q.most && !q.closed {
		q.changed.Wait()
	}
	if q.closed {
		return ErrClosed
	}
	q.values = append(q.values, v)
	q.changed.Signal()
	return nil
}

func (q *Queue[T]) Get() (v T, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.values) == 0 && !q.closed {
		q.changed.Wait()
	}
	if len(q.values) == 0 {
		return v, ErrClosed
	}
	v, q.values = q.values[0], q.values[1:]
	q.changed.Signal()
	return v, nil
}

// Close wakes all who wait; what is in the queue can still be taken.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}
