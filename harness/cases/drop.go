package cases

import (
	"slices"

	"github.com/racewindow/racewindow/harness/sched"
)

// DropOperation removes one operation, and adapts the delays so that they still refer to the same operations. A delay that
// referred to the removed operation moves to its successor, or else its predecessor.
func (c *Case) DropOperation(thread, at int) {
	t := &c.Threads[thread]
	t.Operations = slices.Delete(t.Operations, at, at+1)
	for i := range c.Delays {
		d := &c.Delays[i]
		if d.While != nil && d.While.Thread == t.Name && d.While.Operation == at+1 && at < len(t.Operations) {
			d.While.Operation++
		}
		d.EachPlace(func(name *string, operation *int) {
			if *name == t.Name && operation != nil && *operation > at {
				*operation--
			}
		})
	}
	c.Delays = slices.DeleteFunc(c.Delays, func(d Delay) bool {
		return d.While != nil && d.While.Thread == t.Name && d.While.Operation == 0
	})
}

// EachPlace visits the threads that a delay names, with the number of the operation if it names one.
func (d *Delay) EachPlace(visit func(thread *string, operation *int)) {
	place := func(p *Place) {
		if p.Point == sched.OpPoint {
			visit(&p.Thread, &p.Hit)
		} else {
			visit(&p.Thread, nil)
		}
	}
	place(&d.At)
	if d.Until != nil {
		place(d.Until)
	}
	if d.While != nil {
		visit(&d.While.Thread, &d.While.Operation)
	}
}
