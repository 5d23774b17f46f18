package object

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// patience is how long an operation may take in a free run before it counts as waiting for another client. Then the program is
// given up without a verdict.
const patience = 200 * time.Millisecond

// Free executes a program on goroutines, in whatever order the Go scheduler chooses, and judges the result. It needs no
// instrumented build. It does not judge a program in which an operation waits.
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
	object, _, err := p.open(ctx, env)
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

// within calls do, and says whether do returned in time.
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
	r.perform(ctx, thread, f.plan.first[thread], func(i int) bool {
		f.history[i].Invoked = int(f.moment.Add(1))
		return true
	}, func(i int, a answer) {
		e := &f.history[i]
		e.Result, e.Outcome, f.values[i] = a.text, spec.OK, a.values
		if a.open {
			e.Outcome = spec.Indeterminate
		}
		e.Returned = int(f.moment.Add(1))
	})
}

// perform executes the operations of one client in a free run, starting at the index from (counted in the whole program).
// It calls calls before each operation, and ends if that returns false; it calls returns after it.
func (r *run) perform(ctx context.Context, thread, from int, calls func(i int) bool, returns func(i int, a answer)) {
	var outcome values.Outcome
	for i := from; i < r.plan.first[thread]+len(r.plan.c.Threads[thread].Operations); i++ {
		failpoints.Yield(ctx, between)
		if !calls(i) {
			return
		}
		returns(i, r.plan.planted.call(ctx, r, i, &outcome))
	}
}

// between is the point at which a client is held up before an operation.
var between = failpoints.WaitPoint("github.com/racewindow/racewindow/harness/object", "load/between")

// together waits until all clients have arrived. Otherwise the first could be over before the last begins.
func together(come *raceoff.Number, clients int) {
	for come.Add(1); come.Load() < uint64(clients); {
		runtime.Gosched()
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
		return nil // an operation waits alone, or there are too many orders: no verdict
	}
	return p.unexplained(p.object.owed(), f.history, j, "")
}

// alone executes an order on goroutines. It returns an error if an operation takes too long.
func (f *freeRun) alone(order []int) (done []spec.Response, err error) {
	p := f.plan
	env := p.object.newEnv(p.settings)
	defer env.end()
	object, _, err := p.open(context.Background(), env)
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
