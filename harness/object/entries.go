package object

import (
	"time"

	"github.com/racewindow/racewindow/harness/spec"
)

// The entries of a history are written by the clients' threads, and read by other threads and by the scheduler's goroutine, with
// nothing between them that the race detector knows of. So all that touches them while threads run is in functions that it does
// not see: else it would report the harness, or the harness would order the clients and so hide their races.

// invoked notes that an operation begins.
//
//go:norace
func (r *run) invoked(i, moment int) {
	e := &r.history[i]
	e.Invoked, e.Outcome = moment, spec.Pending
}

// returned notes what came of an operation.
//
//go:norace
func (r *run) returned(i, moment int, a answer) {
	e := &r.history[i]
	e.Returned, e.Result, e.Outcome = moment, a.text, spec.OK
	if a.open {
		e.Outcome = spec.Indeterminate
	}
	r.values[i] = a.values
}

// now is the run with a history of its own, as it is at this moment.
//
//go:norace
func (r *run) now() *run {
	now := r.plan.newRun(r.env, r.object)
	for i := range r.history {
		e := r.history[i]
		e.Result = unseen(e.Result)
		now.history[i] = e
		for k := range r.values[i] {
			now.values[i] = append(now.values[i], unseenValue(r.values[i][k]))
		}
	}
	for _, stack := range r.stacks {
		now.stacks = append(now.stacks, unseen(stack))
	}
	return now
}

// invoked and returned note what becomes of a probe; now is the history as it is at this moment.
//
//go:norace
func (q *inquiry) invoked(i, moment int) {
	e := &q.history[i]
	e.Invoked, e.Outcome = moment, spec.Pending
}

//go:norace
func (q *inquiry) returned(i, moment int, a answer) {
	e := &q.history[i]
	e.Returned, e.Result, e.Outcome = moment, a.text, spec.OK
}

//go:norace
func (q *inquiry) now() spec.History {
	now := make(spec.History, len(q.history))
	for i := range q.history {
		e := q.history[i]
		e.Result = unseen(e.Result)
		now[i] = e
	}
	return now
}

// asks and asking keep the inquiry that is under way.
//
//go:norace
func (r *run) asks(q *inquiry) { r.inquiry = q }

//go:norace
func (r *run) asking() *inquiry { return r.inquiry }

// unseenValue copies a value that another goroutine has written, if it is a number, a truth, a string or a duration. What else a
// judge reads of it, the detector sees.
//
//go:norace
func unseenValue(v any) any {
	switch v := v.(type) {
	case bool:
		return v
	case int:
		return v
	case int64:
		return v
	case uint64:
		return v
	case float64:
		return v
	case time.Duration:
		return v
	case string:
		return unseen(v)
	}
	return v
}

// unseen copies a string whose bytes another goroutine has written. The built-in copy would tell the detector.
//
//go:norace
func unseen(text string) string {
	bytes := make([]byte, len(text))
	for i := range len(text) {
		bytes[i] = text[i]
	}
	return string(bytes)
}
