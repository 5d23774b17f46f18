package object

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// isEnding says whether a panic is the scheduler's, which ends a thread by it.
func isEnding(recovered any) bool { return sched.Ends(recovered) }

// A run is one execution of a case.
type run struct {
	plan   *plan
	env    *Env
	object reflect.Value
	// history has an entry for each operation of the program, in the order of plan.calls.
	history spec.History
	// values are what each returned, for a judge of the history; nil for those that have not.
	values [][]any
	// durable says of each whether it is durable by now, status what has become of it: both for crashes, which look at them
	// between two threads.
	durable []raceoff.Number
	status  []raceoff.Number
	stacks  []string         // of panics, by operation; nil for none
	faults  []*disks.Counter // by fault of the case; nil for a fault point
	failing bool             // its disk may fail, or its process may not write
	later   spec.History     // what probes did after the faults
	// goroutines are those of the clients, in a dump of stacks; 0 where nobody will read of it.
	goroutines []raceoff.Number
	moments    raceoff.Number // operations that a canary let through
	inquiry    *inquiry       // that is under way when the clients have ended, nil for none
}

// newRun is an execution of a program on an object, which may be opened later.
func (p *plan) newRun(e *Env, object reflect.Value) *run {
	return &run{plan: p, env: e, object: object, history: make(spec.History, len(p.calls)), values: make([][]any, len(p.calls))}
}

// mortal has the run keep what a crash must know.
func (r *run) mortal() *run {
	r.status, r.durable = make([]raceoff.Number, len(r.history)), make([]raceoff.Number, len(r.history))
	return r
}

// Values of run.status.
const (
	notBegun uint64 = iota
	underWay
	returned
	open // returned, and whether it took effect is open
)

// open opens the object.
func (o *Object) open(ctx context.Context, e *Env) (reflect.Value, error) {
	object, err := o.Open(ctx, e)
	switch {
	case err != nil:
		return reflect.Value{}, fmt.Errorf("open: %w", err)
	case e.problem != nil:
		return reflect.Value{}, e.problem
	}
	v := reflect.ValueOf(object)
	if !v.IsValid() || v.Type() != o.Type {
		return reflect.Value{}, fmt.Errorf("open: Open returned %v, and not %v", v, o.Type)
	}
	return v, nil
}

// An answer is what one call came to.
type answer struct {
	text    string
	values  []any           // for a judge of the history
	results []reflect.Value // what it returned, before Method.Result
	stack   string
	open    bool // whether it took effect is open
}

// call carries out one operation on an object. faulty says that an error may be that of a fault.
func (o *Object) call(ctx context.Context, object reflect.Value, c *Call, faulty bool, outcome *values.Outcome) (a answer) {
	arguments := c.method.Copy(c.arguments)
	c.method.Call(object, ctx, arguments, outcome)
	a.open, a.results = outcome.Ended == values.Returned && o.isOpen(outcome, faulty), outcome.Results
	if outcome.Ended == values.Panicked {
		a.stack = ofTheObject(string(outcome.Stack))
	} else if outcome.Ended == values.Returned && c.method.result.IsValid() {
		outcome.Results = c.method.result.Call(outcome.Results)
	}
	a.text = o.renderer.Text(outcome)
	if o.Holds != nil {
		a.values = valuesOf(outcome)
	}
	if o.Scribbles {
		c.method.Scribble(arguments)
	}
	return a
}

// isOpen says whether nobody knows if an operation that returned took effect: its context ended, a fault struck, or the error is one
// that says so.
func (o *Object) isOpen(outcome *values.Outcome, faulty bool) bool {
	err := failure(outcome.Results)
	if err == nil {
		return false
	}
	return faulty || outcome.ContextError() || slices.ContainsFunc(o.Indeterminate, func(open error) bool { return errors.Is(err, open) })
}

// failure is the error that an operation returned, nil for none.
func failure(results []reflect.Value) error {
	for _, v := range results {
		if err, ok := v.Interface().(error); ok && err != nil {
			return err
		}
	}
	return nil
}

var _ cases.Subject = (*Object)(nil)
