// When nobody can go on: time moves, or the execution ends, well or not.

package sched

import (
	"errors"
	"fmt"
	"strings"
)

// jump moves the clock to the earliest time that anybody waits for. It refuses when nothing but timers ticks for ever: that is
// no progress.
func (x *Execution) jump() bool {
	earliest := int64(0)
	for _, t := range append(x.threads, x.main) {
		if t.state == waiting && !t.wait.Deadline.IsZero() {
			if at := t.wait.Deadline.UnixNano(); earliest == 0 || at < earliest {
				earliest = at
			}
		}
	}
	if earliest == 0 || !x.awaited() && x.ticksForEver() {
		return false
	}
	x.jumps++
	x.now = max(x.now, earliest)
	return true
}

// awaited says whether a client, or the main thread, waits for a time: then time passes for it, however often a timer ticks.
func (x *Execution) awaited() bool {
	for _, t := range append(x.threads, x.main) {
		if (t.client || t == x.main) && t.state == waiting && !t.wait.Deadline.IsZero() {
			return true
		}
	}
	return false
}

func (x *Execution) failDeadlock() {
	if x.stuck != nil {
		err := x.stuck()
		var unusable UnusableError
		switch {
		case err == nil:
			x.enough = true
		case errors.As(err, &unusable):
			x.fail(&Failure{Kind: Unusable, Message: err.Error(), Err: err})
		default:
			x.fail(&Failure{Kind: Deadlock, Message: err.Error() + "; no thread can go on: " + x.standing(), Err: err})
		}
		return
	}
	why := "no thread can go on: "
	if x.jumps >= x.mostTicks() {
		why = fmt.Sprintf("no client can go on, and timers have ticked %d times, always the same: ", x.jumps)
	}
	x.fail(&Failure{Kind: Deadlock, Message: why + x.standing()})
}

// standing lists the threads that have not ended and what they wait for.
func (x *Execution) standing() string {
	var words []string
	for _, t := range append(append([]*thread(nil), x.threads...), x.main) {
		switch {
		case t.state == ended || t.state == parked:
		case t.at.kind != atPoint:
			words = append(words, t.name)
		case t.state == waiting:
			words = append(words, fmt.Sprintf("%s waits at %s", t.name, t.at.point.Name()))
		default:
			words = append(words, fmt.Sprintf("%s stands at %s", t.name, t.at.point.Name()))
		}
	}
	return strings.Join(words, "; ")
}

// leaks finds tasks that have not ended though all is over.
func (x *Execution) leaks() {
	if x.hasFailed() || x.tasksMay || x.enough {
		return
	}
	for _, t := range x.threads {
		if t.state != ended {
			x.fail(&Failure{Kind: Leak, Thread: t.name, Message: "a task has not ended: " + x.standing()})
			return
		}
	}
}

// noteSwallowed says beside the failure that t recovered from the unwinding, because what its code does after a panic is
// likely to matter to who reads of it.
//
//go:norace
func (x *Execution) noteSwallowed(t *thread) {
	x.failedMu.Lock()
	defer x.failedMu.Unlock()
	if x.failure != nil && x.failure.Note == "" {
		x.failure.Note = "thread " + t.name + " recovered from the panic with which the scheduler ended it, and went on; it was ended all the same. " +
			"Code that recovers from every panic hides real ones too"
	}
}

// unwind ends what has not ended.
func (x *Execution) unwind() {
	x.over = true
	for again := true; again; {
		again = false
		x.adopt()
		for _, t := range append(append([]*thread(nil), x.threads...), x.main) {
			if t.state != ended {
				x.upcoming = t
				x.resume()
				again = true
			}
		}
		if x.phase == phaseSetup {
			x.clients = x.clients[:0] // never started
		}
	}
	x.upcoming = nil
}
