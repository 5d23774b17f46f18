// Package queue is a queue with a bound: Put waits while it is full, and Take waits while it is empty.
package queue

import (
	"errors"
	"sync"
)

// ErrEnded is returned by Put and Take after End.
var ErrEnded = errors.New("the queue has ended")

// A Queue passes values from callers of Put to callers of Take. Many goroutines may use it at once.
//
// It guarantees:
//   - Each method takes effect at one moment between its call and its return.
//   - Values come out in the order in which they went in, each once.
//   - It never holds more values than its capacity: Put waits while it is full, Take while it is empty.
//   - No call waits that could go on.
//   - After End, Put fails, and Take returns what is left and then fails. Calls that wait are woken.
type Queue[T any] struct {
	capacity int
	mu       sync.Mutex
	values   []T
	ended    bool
	// Put and Take wait on different conditions, so that one Signal wakes a caller that can go on.
	room, value *sync.Cond
}

// New returns an empty queue for that many values, at least 1.
func New[T any](capacity int) *Queue[T] {
	q := &Queue[T]{capacity: max(capacity, 1)}
	q.room, q.value = &sync.Cond{L: &q.mu}, &sync.Cond{L: &q.mu}
	return q
}

// newBuggy returns a queue in which all callers wait on one condition. That is a bug: a Signal that is meant for a Put
// may wake a Take, which waits again and tells nobody.
func newBuggy[T any](capacity int) *Queue[T] {
	q := New[T](capacity)
	q.value = q.room
	return q
}

// Put adds a value at the end. It waits while the queue is full.
func (q *Queue[T]) Put(v T) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.values) == q.capacity && !q.ended {
		q.room.Wait()
	}
	if q.ended {
		return ErrEnded
	}
	q.values = append(q.values, v)
	q.value.Signal()
	return nil
}

// Take removes and returns the first value. It waits while the queue is empty.
func (q *Queue[T]) Take() (v T, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.values) == 0 && !q.ended {
		q.value.Wait()
	}
	if len(q.values) == 0 {
		return v, ErrEnded
	}
	v, q.values = q.values[0], q.values[1:]
	q.room.Signal()
	return v, nil
}

// Len returns how many values wait to be taken.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.values)
}

// End ends the queue. Ending it again does nothing.
func (q *Queue[T]) End() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.room.Broadcast()
	q.value.Broadcast()
}
