// Package queue is a queue with a bound: Put waits while it is full, and Take waits while it is empty.
package queue

import (
	"context"
	"errors"
	"sync"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

const packagePath = "github.com/racewindow/racewindow/harness/examples/queue"

var (
	lock     = failpoints.WaitPoint(packagePath, "lock")
	notFull  = failpoints.WaitPoint(packagePath, "put/full")
	notEmpty = failpoints.WaitPoint(packagePath, "take/empty")
)

// One lock guards everything that is shared, so all points name the same resource.
var _ = failpoints.Declare(packagePath, []failpoints.Declaration{
	{Name: "lock", Kind: failpoints.KindWait, Resource: "values", Access: failpoints.Writes, Reason: "callers take turns"},
	{Name: "put/full", Kind: failpoints.KindWait, Resource: "values", Access: failpoints.Writes, Reason: "Put waits for room: a missed wake-up makes it hang"},
	{Name: "take/empty", Kind: failpoints.KindWait, Resource: "values", Access: failpoints.Writes, Reason: "Take waits for a value: a missed wake-up makes it hang"},
	{Name: "put/added", Kind: failpoints.KindYield, Resource: "values", Access: failpoints.Writes, Reason: "the value is in, but nobody is woken yet"},
	{Name: "take/taken", Kind: failpoints.KindYield, Resource: "values", Access: failpoints.Writes, Reason: "the value is out, but nobody is woken yet"},
})

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
	room, value *failpoints.Cond
}

// New returns an empty queue for that many values, at least 1.
func New[T any](capacity int) *Queue[T] {
	q := &Queue[T]{capacity: max(capacity, 1)}
	q.room, q.value = &failpoints.Cond{L: &q.mu}, &failpoints.Cond{L: &q.mu}
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
func (q *Queue[T]) Put(ctx context.Context, v T) error {
	failpoints.Lock(ctx, lock, &q.mu)
	defer q.mu.Unlock()
	for len(q.values) == q.capacity && !q.ended {
		if err := q.room.Wait(ctx, notFull); err != nil {
			return err
		}
	}
	if q.ended {
		return ErrEnded
	}
	q.values = append(q.values, v)
	failpoint.InjectCall("put/added", ctx)
	q.value.Signal()
	return nil
}

// Take removes and returns the first value. It waits while the queue is empty.
func (q *Queue[T]) Take(ctx context.Context) (v T, err error) {
	failpoints.Lock(ctx, lock, &q.mu)
	defer q.mu.Unlock()
	for len(q.values) == 0 && !q.ended {
		if err := q.value.Wait(ctx, notEmpty); err != nil {
			return v, err
		}
	}
	if len(q.values) == 0 {
		return v, ErrEnded
	}
	v, q.values = q.values[0], q.values[1:]
	failpoint.InjectCall("take/taken", ctx)
	q.room.Signal()
	return v, nil
}

// Len returns how many values wait to be taken.
func (q *Queue[T]) Len(ctx context.Context) int {
	failpoints.Lock(ctx, lock, &q.mu)
	defer q.mu.Unlock()
	return len(q.values)
}

// End ends the queue. Ending it again does nothing.
func (q *Queue[T]) End(ctx context.Context) {
	failpoints.Lock(ctx, lock, &q.mu)
	defer q.mu.Unlock()
	q.ended = true
	q.room.Broadcast()
	q.value.Broadcast()
}
