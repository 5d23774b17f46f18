package object

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// conclude checks what is left when all clients have ended: the history, the object after the faults, and what is there when it is
// closed and opened again.
func (r *run) conclude(t *sched.T) {
	r.heal()
	if err := r.judged(); err != nil {
		t.Fail(err)
	}
	if r.plan.faulty() && r.plan.object.GoesOn {
		r.requireGoingOn(t)
	}
	if r.plan.object.closer == nil {
		return
	}
	if err := r.plan.object.closer(t.Context(), r.object); err != nil && !r.plan.faulty() {
		t.Fail(fmt.Errorf("close: %w", err))
	}
	if r.plan.object.keeps() && !r.plan.faulty() {
		r.restarted(t)
	}
}

// heal ends the faults, and counts those of the disk.
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

// requireGoingOn calls each operation once more, now that the faults are over: none may fail that succeeds alone.
func (r *run) requireGoingOn(t *sched.T) {
	t.Note("the faults are over")
	var outcome values.Outcome
	for _, c := range r.plan.probes {
		a := r.plan.object.call(t.Context(), r.object, c, true, &outcome)
		r.plan.crashes.Tested(1, goesOn.name)
		if a.open {
			t.Fail(goesOn.broken("%s gives %s though the faults are over", c.text, a.text))
		}
	}
}

// restarted opens the object again: all that returned is there.
func (r *run) restarted(t *sched.T) {
	t.Note("closed and opened again")
	h := r.before(func(i int) spec.Outcome {
		if r.history[i].Outcome == spec.OK {
			return spec.Durable
		}
		return spec.Indeterminate
	})
	v, err := r.plan.probe(t.Context(), r.env, h)
	if err != nil {
		t.Fail(restart.broken("%v", err))
	} else if v != nil {
		t.Fail(restart.broken("%s", v.detail))
	}
}

// before is the history as a crash or a restart finds it, with room for the probes.
func (r *run) before(outcome func(i int) spec.Outcome) spec.History {
	h := make(spec.History, len(r.history), len(r.history)+len(r.plan.probes))
	copy(h, r.history)
	for i := range h {
		if h[i].Outcome != spec.NotInvoked {
			h[i].Outcome = outcome(i)
		}
	}
	return h
}
