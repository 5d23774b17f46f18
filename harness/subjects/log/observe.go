package log

import (
	"context"

	"github.com/racewindow/racewindow/harness/sched"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
)

// An observer shows the scheduler what the engine of a run exposes. It asks the run for the engine, because a reopen replaces
// it.
type observer struct{ run *run }

// State implements sched.Observer. Its reads from a faulty disk use up none of the faults.
func (o observer) State() (fields []sched.Field) {
	e, ok := o.run.engine.(harness.Exposer)
	if !ok {
		return nil
	}
	look := func() {
		for _, f := range e.Expose() {
			fields = append(fields, sched.Field(f))
		}
	}
	if o.run.disk == nil {
		look()
	} else {
		o.run.disk.Look(look)
	}
	return fields
}

// Learns implements sched.Observer.
func (o observer) Learns(point string) []string {
	if e, ok := o.run.engine.(harness.Exposer); ok {
		return e.Learns(point)
	}
	return nil
}

// record makes the engine of a run keep the history. The scans at the end count as those of one more client.
func (p *plan) record(r *run) {
	p.history.Begin(len(p.c.Threads) + 1)
	plain := r.factory
	r.factory = func(ctx context.Context) (harness.Engine, error) {
		e, err := plain(ctx)
		if err != nil {
			return nil, err
		}
		return history.Engine(e), nil
	}
}

// recorded returns the context in which a thread calls the engine.
func (p *plan) recorded(t *sched.T, client int) context.Context {
	if p.history == nil {
		return t.Context()
	}
	return p.history.With(t.Context(), client, t.Moment)
}
