package driver

import (
	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/sched"
)

// A place is an operation at a program counter.
type place struct {
	pc uintptr
	op uint8
}

// A located is a place, and what a thread there does next.
type located struct {
	place
	known, touches bool // touches says that it touches the object of the operation
	does           sched.Candidate
}

// stand notes where a thread is, and what it does when it goes on.
func (m *mechanism) stand(thread int) *sched.Candidate {
	m.meet()
	t, c := &m.threads[thread], &m.stands[thread]
	switch t.Op {
	case bubble.OpStart:
		*c = sched.Candidate{Thread: thread, Point: sched.AtStart, Writes: true}
	case bubble.OpEnd:
		*c = sched.Candidate{Thread: thread, Point: sched.AtEnd, Writes: true}
	case opBoundary, opMarker:
		*c = m.standOfPlay(thread)
	default:
		at := m.located(t)
		*c = at.does
		c.Thread = thread
		if at.touches && t.Addr != 0 {
			c.Resource = m.address.Of(t.Addr)
		}
	}
	return c
}

// meet adds the threads that have started since the last call.
func (m *mechanism) meet() {
	for len(m.stands) < int(m.state.Count) {
		thread := len(m.stands)
		m.stands = append(m.stands, sched.Candidate{Thread: thread, Point: sched.AtStart})
		if t := &m.threads[thread]; t.Before && t.Op == bubble.OpBlocked {
			m.stand(thread)
		}
	}
}

// located returns the place of a thread.
func (m *mechanism) located(t *bubble.Thread) *located {
	at := &m.recent[(t.PC^t.PC>>8)%uintptr(len(m.recent))]
	if at.pc != t.PC || at.op != t.Op || t.PC == 0 || !at.known {
		o := &operations[t.Op]
		*at = located{place: place{t.PC, t.Op}, known: true, touches: !o.nowhere}
		at.does = sched.Candidate{Point: m.point(t), Site: uint32(t.PC), Action: o.action, Writes: !o.reads && !o.nowhere}
		if o.nowhere {
			at.does.Resource = sched.Nowhere
		}
	}
	return at
}

// point returns the number of the point at which a thread is.
func (m *mechanism) point(t *bubble.Thread) sched.PointID {
	at := place{t.PC, t.Op}
	if at.pc == 0 && t.Op == bubble.OpBlocked { // it has passed no point yet
		if t.At == 0 {
			bubble.Locate()
		}
		at.pc = t.At
	}
	id, known := m.points[at]
	if known {
		return id
	}
	name, file, line := pointAt(at.pc, operations[t.Op].name)
	id, err := m.chooser.Points().Named(name, file, line)
	if err != nil {
		m.chooser.Fail(&sched.Failure{Kind: sched.Unusable, Message: err.Error()})
	}
	m.points[at] = id
	return id
}

// passes says whether a thread passes its point without a choice, because the point lies in a package without points.
func (m *mechanism) passes(t *bubble.Thread) bool {
	if !m.hasAtomic || t.State != bubble.Ready && t.State != bubble.Running || t.Op <= bubble.OpEnd || t.PC == 0 {
		return false
	}
	at := place{t.PC, t.Op}
	is, known := m.atomic[at]
	if !known {
		is = inPackages(userFrame(t.PC).Function, order.Atomic)
		m.atomic[at] = is
	}
	return is
}
