package object

import (
	"context"
	"fmt"

	"github.com/racewindow/racewindow/harness/sched"
)

// What the probes are called on, for reports.
const (
	theObject = "the object"
	theOpened = "the opened object"
)

// conclude checks what is left after all clients have ended: the history, the object after the faults, and what it holds
// after it was closed and opened again. Faults last until the object is closed, unless the object says that it goes on
// after them.
func (r *run) conclude(t *sched.T) {
	o, faulty := r.plan.object, r.plan.faulty()
	if o.closer == nil || o.GoesOn {
		r.heal()
	}
	if err := r.env.unrecorded(); err != nil {
		t.Fail(err)
	}
	if err := r.judged(); err != nil {
		t.Fail(err)
	}
	if err := r.judgeOpening(); err != nil {
		t.Fail(err)
	}
	if faulty && o.GoesOn {
		r.requireGoingOn(t)
	}
	if o.closer == nil {
		return
	}
	failed := r.close(t)
	r.heal()
	if failed != nil && !faulty {
		t.Fail(fmt.Errorf("close: %w", failed))
	}
	if o.keeps() {
		r.restarted(t, failed)
	}
}

// heal ends the faults and counts those of the disk that came.
func (r *run) heal() {
	for i, counter := range r.faults {
		if counter != nil && counter.Faults() > 0 {
			r.plan.crashes.FaultCame(i, counter.Faults())
		}
	}
	r.faults = nil
	if r.env.disk != nil {
		r.env.disk.Inject(nil)
	}
}

// requireGoingOn calls the probes after the faults are over. Some order of the operations must explain their results, where a
// failed operation may have taken effect or not. If the subject has a judge of the history instead, each probe must succeed or
// fail with an error that the subject names.
func (r *run) requireGoingOn(t *sched.T) {
	t.Note("the faults are over")
	q := r.plan.inquire(r.history)
	r.asks(q)
	q.ask(t.Context(), r.object)
	r.asks(nil)
	r.later = q.history[q.first : q.first+len(r.plan.probes)]
	r.plan.crashes.Tested(uint64(len(r.plan.probes)), goesOn.name)
	if r.plan.object.Holds != nil {
		if c, err := q.undocumented(); c != nil {
			t.Fail(goesOn.broken("%s gives %v although the faults are over", c.text, err))
		}
		return
	}
	if v, err := q.judge(goesOn, theObject); err != nil {
		t.Fail(err)
	} else if v != nil {
		v.detail = "although the faults are over, " + v.detail
		t.Fail(v)
	}
}

// restarted opens the object again. After an orderly close the object must hold every operation that had returned; after
// faults, every durable one. If the object could not be closed, its process counts as dead.
func (r *run) restarted(t *sched.T, failed error) {
	t.Note("closed and opened again")
	closed := closedInOrder
	if r.plan.faulty() {
		closed = closedAfterFaults
	}
	if failed != nil {
		closed = notClosed
	}
	h := r.left(closed)
	if failed != nil && r.env.disk != nil {
		r.env.disk.Kill()
	}
	q := r.plan.inquire(h)
	r.asks(q)
	err := q.reopen(t.Context(), r.env, func() {})
	r.asks(nil)
	if err != nil {
		t.Fail(restart.broken("%v", err))
	}
	if v, err := q.judge(restart, theOpened); err != nil {
		t.Fail(err)
	} else if v != nil {
		t.Fail(v)
	}
}

// reopen opens the object again, calls opened, calls the probes, and closes the object.
func (q *inquiry) reopen(ctx context.Context, e *Env, opened func()) error {
	o := q.plan.object
	object, err := o.open(ctx, e)
	opened()
	if err != nil {
		return err
	}
	q.ask(ctx, object)
	if o.closer != nil {
		if err := o.closer(ctx, object); err != nil {
			return fmt.Errorf("close: %w", err)
		}
	}
	return nil
}
