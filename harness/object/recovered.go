package object

import (
	"context"
	"fmt"
	"slices"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// Probes ask an object that was opened again what it holds. The answers are right if the history explains them: the operations
// before, and the probes with their answers.

// questions are functions to call while an object is opened and asked; each may be nil.
type questions struct {
	// opened is called once the object is open, or cannot be opened.
	opened func()
	// begins is called when the execution begins.
	begins func(x *sched.Execution)
	// asks is called before a probe, answered after it, each with the probe's index in the history.
	asks, answered func(i int, e spec.Entry)
	// mayFail says that a probe which returns an error, other than those that the subject names, tells nothing.
	mayFail bool
}

// A refusedError is what Open or Close of an object returned.
type refusedError struct{ error }

// Unwrap returns that error.
func (e refusedError) Unwrap() error { return e.error }

// withProbes copies a history of the program, with or without an inquiry, and adds room for the probes, none of which
// has begun.
func (p *plan) withProbes(h spec.History) spec.History {
	asked := make(spec.History, len(p.calls)+inquiries*len(p.probes))
	copy(asked, h)
	return asked
}

// ask opens an object, calls the probes on it, and enters them in asked from index first.
func (p *plan) ask(ctx context.Context, e *Env, asked spec.History, first int, q questions) error {
	object, err := p.openObject(ctx, e)
	if q.opened != nil {
		q.opened()
	}
	if err != nil {
		return err
	}
	last := lastMoment(asked)
	var outcome values.Outcome
	for i, c := range p.probes {
		entry := &asked[first+i]
		*entry = spec.Entry{Outcome: spec.Pending, Invoked: last + 1}
		if q.asks != nil {
			q.asks(first+i, *entry)
		}
		a := p.object.call(ctx, object, c, false, &outcome)
		*entry = spec.Entry{Outcome: spec.OK, Result: a.text, Invoked: last + 1, Returned: last + 2}
		if q.mayFail && !p.object.isNamed(failure(outcome.Results)) {
			*entry = spec.Entry{}
		}
		if q.answered != nil {
			q.answered(first+i, *entry)
		}
		last += 2
	}
	if p.object.closer != nil {
		if err := p.object.closer(ctx, object); err != nil {
			return fmt.Errorf("close: %w", err)
		}
	}
	return nil
}

// reopen is ask under its own scheduler, which detects a probe that blocks: the probe stays pending, and the rest are not
// called. The error continues a text that says when: it begins with a comma or a colon.
func (p *plan) reopen(e *Env, h spec.History, q questions) (asked spec.History, err error) {
	asked = p.withProbes(h)
	var refused error
	var asking raceoff.Number // 1 during a probe; hidden from the race detector, because the scheduler reads it
	tell := q
	tell.asks = func(i int, e spec.Entry) {
		asking.Store(1)
		if q.asks != nil {
			q.asks(i, e)
		}
	}
	tell.answered = func(i int, e spec.Entry) {
		asking.Store(0)
		if q.answered != nil {
			q.answered(i, e)
		}
	}
	defer p.opens()()
	out := sched.NewRunner(func(x *sched.Execution) {
		x.AtEnd(e.end)
		x.TasksMayRemain()
		if q.begins != nil {
			q.begins(x)
		}
		x.Stuck(func() error {
			if asking.Load() == 0 {
				return progress.broken("opening or closing the object waits for another thread, and there is none")
			}
			return nil // the probe blocks alone: it is judged as pending
		})
		x.Go("recovered", func(t *sched.T) { refused = p.ask(t.Context(), e, asked, len(h), tell) })
	}, sched.Options{}).Replay(nil, false)
	switch {
	case refused != nil:
		return asked, fmt.Errorf(", the object cannot be opened and closed: %w", refusedError{refused})
	case out.Failure != nil:
		return asked, fmt.Errorf(": %w", out.Failure)
	}
	return asked, nil
}

// explain says what is wrong with the contents of an object that was opened again; nil if nothing is. It first leaves out
// operations without a lasting effect, because orders are found sooner without them.
func (p *plan) explain(asked spec.History) (*Violation, error) {
	return p.explainFor(durability, theOpened, asked)
}

// explainFor is explain for another promise; whose names what the probes were called on.
func (p *plan) explainFor(owed promise, whose string, asked spec.History) (*Violation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lasting := slices.Clone(asked)
	for i, c := range p.calls {
		if o := lasting[i].Outcome; c.method.Durable == "" && (o == spec.Volatile || o == spec.Indeterminate) {
			lasting[i].Outcome = spec.NotInvoked
		}
	}
	j, err := p.recovered.Check(lasting)
	if err == nil && j.Verdict != spec.Satisfied {
		j, err = p.recovered.Check(asked)
	}
	switch {
	case err != nil:
		return nil, sched.UnusableError{Reason: err.Error()}
	case j.Verdict == spec.Unknown:
		return nil, unknownError{sched.UnusableError{Reason: j.Reason}}
	case j.Verdict == spec.Satisfied:
		return nil, nil
	}
	return p.unexplained(owed, asked, j, whose), nil
}

// taken returns the operations that a crash certainly took: if they were still there, nothing would explain the contents of
// the object. If a later crash shows one of them again, the object made it up.
func (p *plan) taken(asked spec.History) (all []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit, before := p.recovered.Limit, p.recovered.Executions()
	defer func() {
		p.recovered.Limit = limit
		p.takenCost += p.recovered.Executions() - before
	}()
	for i, c := range p.calls {
		if o := asked[i].Outcome; c.method.Durable == "" || o != spec.Volatile && o != spec.Indeterminate {
			continue
		}
		left := mostForAllTaken - p.takenCost - (p.recovered.Executions() - before)
		if left <= 0 {
			break
		}
		p.recovered.Limit = min(mostForTaken, left)
		there := slices.Clone(asked)
		if there[i].Outcome = spec.Durable; there[i].Returned == 0 {
			there[i].Returned = lastMoment(asked[:len(p.calls)])
		}
		if j, err := p.recovered.Check(there); err == nil && j.Verdict == spec.Violated {
			all = append(all, i)
		}
	}
	return all
}

// mostForTaken bounds the sequential executions that find out whether a crash took an operation, and mostForAllTaken those of a program. If
// they are not enough, that is not certain. Where an error has left many operations open, all orders of them take too long.
const (
	mostForTaken    = 300
	mostForAllTaken = 2000
)

// lastMoment returns the moment of the last call or return.
func lastMoment(h spec.History) (last int) {
	for _, e := range h {
		last = max(last, e.Invoked, e.Returned)
	}
	return last
}
