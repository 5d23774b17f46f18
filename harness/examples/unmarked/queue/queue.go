// Package queue is a queue with a bound: who puts into a full one waits, and who takes from an empty one does too.
package queue

import (
	"errors"
	"sync"
)

// ErrEnded is returned by Put and Take after End.
var ErrEnded = errors.New("the queue has ended")

// A Queue passes values from those who put to those who take. Many goroutines may use it at once.
//
// It guarantees:
//   - Each method takes effect at one moment between its call and its return.
//   - Values come out in the order in which they went in, each once.
//   - It never holds more than its capacity: Put waits while it is full, Take while it is empty.
//   - Nobody waits who could go on.
//   - After End, Put fails, and Take gives what is left and then fails. Who waits is woken.
type Queue[T any] struct {
	capacity int
	mu       sync.Mutex
	values   []T
	ended    bool
	// Who waits for room and who waits for a value wait apart, so that one Signal wakes somebody who can go on.
	room, value *sync.Cond
}

// New makes an empty queue for that many values, at least 1.
func New[T any](capacity int) *Queue[T] {
	q := &Queue[T]{capacity: max(capacity, 1)}
	q.room, q.value = &sync.Cond{L: &q.mu}, &sync.Cond{L: &q.mu}
	return q
}

// newBuggy makes a queue in which all wait at one place. It is a bug: a Signal that is meant for a Put may wake a Take, which waits
// again and tells nobody.
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

// Take takes the first value. It waits while the queue is empty.
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

// Len is how many values wait to be taken.
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
