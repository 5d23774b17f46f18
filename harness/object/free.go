package object

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// patience is how long an operation may take in a free run before it counts as one that waits for somebody. Then the program is
// given up, and nothing is said of it.
const patience = 200 * time.Millisecond

// Free executes a program on goroutines, in whatever order the Go scheduler chooses, and judges what came. It needs no instrumented
// build. A program in which an operation waits is not judged.
func (o *Object) Free(c cases.Case) error {
	p, err := o.plan(c)
	if err != nil {
		return err
	}
	f := &freeRun{plan: p, history: make(spec.History, len(p.calls)), values: make([][]any, len(p.calls))}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	env := o.newEnv(p.settings)
	defer env.end()
	object, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	r := &run{plan: p, env: env, object: object}
	var clients sync.WaitGroup
	for i := range c.Threads {
		clients.Go(func() { f.client(ctx, r, i) })
	}
	if !within(clients.Wait) {
		return nil
	}
	if o.closer != nil {
		var closed error
		if !within(func() { closed = o.closer(ctx, object) }) {
			return nil
		}
		if closed != nil {
			return fmt.Errorf("close: %w", closed)
		}
	}
	return f.judge()
}

// within waits for something, and says whether it came to its end in time.
func within(do func()) bool {
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// A freeRun is one execution on goroutines.
type freeRun struct {
	plan    *plan
	moment  atomic.Int64
	history spec.History
	values  [][]any
}

func (f *freeRun) client(ctx context.Context, r *run, thread int) {
	var outcome values.Outcome
	first := f.plan.first[thread]
	for i := range f.plan.c.Threads[thread].Operations {
		e := &f.history[first+i]
		e.Invoked = int(f.moment.Add(1))
		a := r.call(ctx, first+i, &outcome)
		e.Result, e.Outcome, f.values[first+i] = a.text, spec.OK, a.values
		if a.open {
			e.Outcome = spec.Indeterminate
		}
		e.Returned = int(f.moment.Add(1))
	}
}

func (f *freeRun) judge() error {
	p := f.plan
	if p.object.Holds != nil {
		r := &run{plan: p, history: f.history, values: f.values}
		return p.object.Holds(r.events())
	}
	judge := spec.NewLinearizability(p.client, f.alone)
	judge.Order, judge.Limit = p.object.Order, 5000
	j, err := judge.Check(f.history)
	if err != nil || j.Verdict != spec.Violated {
		return nil // an operation waits alone, or there are too many orders: then nothing is said
	}
	return p.unexplained(p.object.owed(), f.history, j)
}

// alone executes an order on goroutines. An operation that takes too long ends it with an error.
func (f *freeRun) alone(order []int) (done []spec.Response, err error) {
	p := f.plan
	env := p.object.newEnv(p.settings)
	defer env.end()
	object, err := p.object.open(context.Background(), env)
	if err != nil {
		return nil, err
	}
	ended := within(func() {
		var outcome values.Outcome
		for _, i := range order {
			a := p.object.call(context.Background(), object, p.at(i), false, &outcome)
			done = append(done, spec.Response{Result: a.text})
		}
	})
	if !ended {
		return nil, fmt.Errorf("%s did not come back", p.words(order))
	}
	return done, nil
}
