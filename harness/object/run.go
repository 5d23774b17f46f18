package object

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// isEnding says whether a panic is the one by which the scheduler ends a thread.
func isEnding(recovered any) bool { return sched.Ends(recovered) }

// A run is one execution of a case.
type run struct {
	plan   *plan
	env    *Env
	object reflect.Value
	// history has an entry for each operation of the program, in the order of plan.calls.
	history spec.History
	// values are what each operation returned, for a judge of the history; nil if it has not returned.
	values [][]any
	// durable says of each operation whether it is durable yet, status what has become of it. Both are for crashes, which read
	// them between two threads.
	durable []raceoff.Number
	status  []raceoff.Number
	stacks  []string         // of panics, by operation; nil for none
	written []raceoff.Number // what of each operation's entry is written; nil where nobody copies the run while a client writes
	faults  []*disks.Counter // by fault of the case; nil for a fault point
	failing bool             // the disk may fail, or the process may lack room to write
	later   spec.History     // what the probes did after the faults
	// goroutines are the clients' numbers in a dump of stacks; 0 if no report needs them.
	goroutines []raceoff.Number
	moments    raceoff.Number // operations that a canary let through
	shares     func()         // tells the search that the step of now touches what no point declares
	inquiry    *inquiry       // under way after the clients have ended, nil for none
	opening    *openingWatch  // what is to be judged of it, nil for nothing
}

// newRun makes an execution of a program on an object, which may be opened later.
func (p *plan) newRun(e *Env, object reflect.Value) *run {
	return &run{plan: p, env: e, object: object, history: make(spec.History, len(p.calls)), values: make([][]any, len(p.calls))}
}

// observed makes the run tell whoever copies it, while its clients run beside that, which of its entries are whole.
func (r *run) observed() *run {
	r.stacks, r.written = make([]string, len(r.history)), make([]raceoff.Number, len(r.history))
	return r
}

// mortal makes the run record what a crash must know.
func (r *run) mortal() *run {
	r.status, r.durable = make([]raceoff.Number, len(r.history)), make([]raceoff.Number, len(r.history))
	return r
}

// Values of run.status.
const (
	notBegun uint64 = iota
	underWay
	returned
	open // returned, but indeterminate
)

// open opens the object.
func (o *Object) open(ctx context.Context, e *Env) (reflect.Value, error) {
	defer faultsPanic()()
	object, err := o.Open(ctx, e)
	switch {
	case err != nil:
		return reflect.Value{}, fmt.Errorf("open: %w", err)
	case e.problem != nil:
		return reflect.Value{}, e.problem
	}
	v := reflect.ValueOf(object)
	if !v.IsValid() || v.Type() != o.Type {
		return reflect.Value{}, fmt.Errorf("open: Open returned %v, not %v", v, o.Type)
	}
	return v, nil
}

// faultsPanic makes a memory fault in the calling goroutine a panic, until the function that it returns is called. An object that maps a
// file reads past its end where a crash has made it shorter: that is a finding, and must not end the process.
func faultsPanic() (end func()) {
	before := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(before) }
}

// An answer is the result of one call.
type answer struct {
	text    string
	values  []any           // for a judge of the history
	results []reflect.Value // what it returned, before Method.Result
	stack   string
	open    bool // indeterminate: it may have taken effect or not
}

// call executes one operation on an object. faulty says that an error may come from a fault.
func (o *Object) call(ctx context.Context, object reflect.Value, c *Call, faulty bool, outcome *values.Outcome) (a answer) {
	defer faultsPanic()()
	arguments := c.method.Copy(c.arguments)
	c.method.Call(object, ctx, arguments, outcome)
	a.open, a.results = outcome.Ended == values.Returned && o.isOpen(outcome, faulty), outcome.Results
	if outcome.Ended == values.Panicked {
		a.stack = ofTheObject(string(outcome.Stack))
	} else if outcome.Ended == values.Returned && c.method.result.IsValid() {
		outcome.Results = c.method.result.Call(outcome.Results)
	}
	a.text = recorded.Placeless(o.renderer.Text(outcome))
	if o.Holds != nil {
		a.values = valuesOf(outcome)
	}
	if o.Scribbles {
		c.method.Scribble(arguments)
	}
	return a
}

// isOpen says whether an operation that returned is indeterminate: its context ended, a fault struck, or its error is one that
// the subject names as indeterminate.
func (o *Object) isOpen(outcome *values.Outcome, faulty bool) bool {
	err := failure(outcome.Results)
	if err == nil {
		return false
	}
	return faulty || outcome.ContextError() || slices.ContainsFunc(o.Indeterminate, func(open error) bool { return errors.Is(err, open) })
}

// failure returns the error that an operation returned, nil for none.
func failure(results []reflect.Value) error {
	for _, v := range results {
		if err, ok := v.Interface().(error); ok && err != nil {
			return err
		}
	}
	return nil
}

var _ cases.Subject = (*Object)(nil)
