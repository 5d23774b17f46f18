package object

import (
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// A sequential executes operations of a program one at a time on a fresh object. It runs them under its own scheduler with one
// client, which detects an operation that waits for another client. It is not safe for concurrent use.
type sequential struct {
	plan   *plan
	runner *sched.Runner
	order  []int
	done   []spec.Response
	// values and results have an entry for each response in done: what a judge of the history sees, and what the operation
	// returned.
	values  [][]any
	results [][]reflect.Value
	// prepared are the results of what came earlier; nil if it blocks.
	prepared []string
	// executed counts the orders.
	executed atomic.Uint64
}

func newSequential(p *plan) *sequential {
	s := &sequential{plan: p}
	s.runner = sched.NewRunner(s.scenario, sched.Options{})
	return s
}

func (s *sequential) scenario(x *sched.Execution) {
	o := s.plan.object
	e := o.newEnv(s.plan.settings)
	x.AtEnd(e.end)
	x.TasksMayRemain()
	x.Stuck(func() error { return nil }) // the operation blocks, which is an answer
	object, err := o.open(x.Context(), e)
	if err != nil {
		x.Fail(err)
	}
	o.seen(e)
	x.Go("alone", func(t *sched.T) {
		var outcome values.Outcome
		s.prepared = s.plan.prepare(t.Context(), object)
		for _, i := range s.order {
			a := o.call(t.Context(), object, s.plan.at(i), false, &outcome)
			s.done = append(s.done, spec.Response{Result: a.text})
			s.values, s.results = append(s.values, a.values), append(s.results, a.results)
		}
	})
}

// responses executes an order. It implements spec.Sequential.
func (s *sequential) responses(order []int) ([]spec.Response, error) {
	s.order, s.done, s.values, s.results, s.prepared = order, make([]spec.Response, 0, len(order)), nil, nil, nil
	out := s.runner.Replay(nil, false)
	s.executed.Add(1)
	if f := out.Failure; f != nil {
		return nil, fmt.Errorf("executed alone, %s: %w", s.plan.words(order), f)
	}
	if len(s.done) < len(order) {
		s.done = append(s.done, spec.Response{Blocks: true})
	}
	return s.done, nil
}

// checkRepeatable executes the program alone twice. If the results differ, its error names the operation, both results and the
// remedy.
func (s *sequential) checkRepeatable() error {
	all := s.plan.inOrder()
	first, err := s.responses(all)
	if err != nil {
		return err
	}
	second, err := s.responses(all)
	if err != nil {
		return err
	}
	for i := range min(len(first), len(second)) {
		if first[i] != second[i] {
			return fmt.Errorf("%w: %s gave %s, and when the same operations were executed again, %s: "+
				"give the operation a Result that leaves out what differs (a time, an order), and take random numbers from Env.Rand",
				spec.ErrUnrepeatable, s.plan.calls[i].text, said(first[i]), said(second[i]))
		}
	}
	return nil
}

// inOrder returns all operations of the program, client after client.
func (p *plan) inOrder() []int {
	all := make([]int, len(p.calls))
	for i := range all {
		all[i] = i
	}
	return all
}

// said puts a response into words.
func said(r spec.Response) string {
	if r.Blocks {
		return "no answer"
	}
	return r.Result
}

// ErrAlone is wrapped when the object fails although only one client runs.
var ErrAlone = errors.New("the object fails without any concurrency")
