package cases

import (
	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/harness/sched"
)

// An observer shows the scheduler what the engine of a run exposes. A reopen replaces the engine, so it asks the run for it.
type observer struct{ run *run }

// State implements sched.Observer.
func (o observer) State() (fields []sched.Field) {
	if e, ok := o.run.engine.(harness.Exposer); ok {
		for _, f := range e.Expose() {
			fields = append(fields, sched.Field(f))
		}
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
