package object

import (
	"time"

	"github.com/racewindow/racewindow/harness/spec"
)

// The clients' threads write the entries of a history. Other threads and the scheduler's goroutine read them, with no
// synchronization in between that the race detector knows of. So every function that touches them while threads run is hidden
// from the detector. Otherwise either the detector would report the harness, or the harness would order the clients and so
// hide their races.

// What of an entry is written. A machine may take the processor from a client at any instruction, such as between the two words of a
// string, so whoever copies the history while clients run takes of an entry what is whole.
const (
	unwritten uint64 = iota
	callWritten
	returnWritten
)

// wrote says that more of an entry is whole.
func (r *run) wrote(i int, what uint64) {
	if r.written != nil {
		r.written[i].Store(what)
	}
}

// invoked records that an operation begins.
//
//go:norace
func (r *run) invoked(i, moment int) {
	e := &r.history[i]
	e.Invoked, e.Outcome = moment, spec.Pending
	r.wrote(i, callWritten)
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
	r.wrote(i, returnWritten)
}

// now returns a copy of the run, with a history of its own. Of operations that begin or end meanwhile it may have one and not an earlier
// one: see instance.still.
//
//go:norace
func (r *run) now() *run {
	now := r.plan.newRun(r.env, r.object)
	if r.stacks != nil {
		now.stacks = make([]string, len(r.stacks))
	}
	for i := range r.history {
		written := returnWritten
		if r.written != nil {
			written = r.written[i].Load()
		}
		switch e := &r.history[i]; written {
		case unwritten:
		case callWritten:
			now.history[i] = spec.Entry{Outcome: spec.Pending, Invoked: e.Invoked}
		default:
			now.take(r, i)
		}
	}
	return now
}

// take copies the whole entry of an operation.
//
//go:norace
func (r *run) take(from *run, i int) {
	e := from.history[i]
	e.Result = unseen(e.Result)
	r.history[i] = e
	for k := range from.values[i] {
		r.values[i] = append(r.values[i], unseenValue(from.values[i][k]))
	}
	if i < len(from.stacks) {
		r.stacks[i] = unseen(from.stacks[i])
	}
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
