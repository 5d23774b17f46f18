package object

import (
	"time"

	"github.com/racewindow/racewindow/harness/spec"
)

// The clients' threads write the entries of a history. Other threads and the scheduler's goroutine read them, with no
// synchronization in between that the race detector knows of. So every function that touches them while threads run is hidden
// from the detector. Otherwise either the detector would report the harness, or the harness would order the clients and so
// hide their races.

// invoked records that an operation begins.
//
//go:norace
func (r *run) invoked(i, moment int) {
	e := &r.history[i]
	e.Invoked, e.Outcome = moment, spec.Pending
}

// returned records the result of an operation.
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

// now returns a copy of the run, with a history of its own, as it is at this moment.
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

// invoked and returned record what becomes of a probe; now returns a copy of the history as it is at this moment.
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

// began says whether the first probe was called.
//
//go:norace
func (q *inquiry) began() bool {
	return len(q.plan.probes) > 0 && q.history[q.first].Outcome != spec.NotInvoked
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

// asks and asking set and get the inquiry that is under way.
//
//go:norace
func (r *run) asks(q *inquiry) { r.inquiry = q }

//go:norace
func (r *run) asking() *inquiry { return r.inquiry }

// unseenValue copies a value that another goroutine has written, if it is a number, a bool, a string or a duration. The race
// detector sees a judge read any other value.
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

// unseen copies a string whose bytes another goroutine has written. The detector would see the built-in copy.
//
//go:norace
func unseen(text string) string {
	bytes := make([]byte, len(text))
	for i := range len(text) {
		bytes[i] = text[i]
	}
	return string(bytes)
}
