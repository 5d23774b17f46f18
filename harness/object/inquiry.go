package object

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// An inquiry calls the probes on an object, one after another. Their results must follow from what the clients did before.
type inquiry struct {
	plan *plan
	// history has an entry for each operation of the program, then two for each probe; the entries of this inquiry start
	// at first. There are two because an object may be asked after the faults, and again after it is opened again.
	history spec.History
	first   int
	failed  []error // by probe: the error that it returned
}

// inquire begins an inquiry. before is the history of the program, with or without an earlier inquiry.
func (p *plan) inquire(before spec.History) *inquiry {
	return &inquiry{plan: p, history: p.withProbes(before), first: len(before), failed: make([]error, len(p.probes))}
}

// inquiries is the most inquiries in one execution.
const inquiries = 2

// ask calls the probes. A probe that blocks ends the execution there (see waits).
func (q *inquiry) ask(ctx context.Context, object reflect.Value) {
	last := lastMoment(q.history)
	var outcome values.Outcome
	for i, c := range q.plan.probes {
		q.invoked(q.first+i, last+1)
		a := q.plan.object.call(ctx, object, c, false, &outcome)
		q.returned(q.first+i, last+2, a)
		q.failed[i] = failure(outcome.Results)
		last += 2
	}
}

// waits says whether a probe has not returned.
func (q *inquiry) waits() bool {
	return slices.ContainsFunc(q.now()[q.first:], func(e spec.Entry) bool { return e.Outcome == spec.Pending })
}

// judge says whether the results of the probes follow from the history. whose names, for the report, what they were called on.
func (q *inquiry) judge(owed promise, whose string) (*Violation, error) {
	return q.plan.explainFor(owed, whose, q.now())
}

// undocumented returns the first probe that failed with none of the errors that the subject names, and its error.
func (q *inquiry) undocumented() (c *Call, failed error) {
	for i, err := range q.failed {
		if !q.plan.object.isNamed(err) {
			return q.plan.probes[i], err
		}
	}
	return nil, nil
}

// isNamed says whether an error is nil, or one that the subject names.
func (o *Object) isNamed(err error) bool {
	return err == nil || slices.ContainsFunc(o.Sentinels, func(s values.Sentinel) bool { return errors.Is(err, s.Error) })
}
