package sched

import (
	"path/filepath"
	"runtime"
	"strings"
)

// What an execution keeps for a report when its events are asked for, and only then: where in the source each thread stopped,
// what the system under test looked like at each step, and what a thread took over from it.

// A Field is one thing that can be seen of the system under test at a moment.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// An Observer looks at the system under test. It is called between two threads, so it needs no lock; it must only look, and
// must neither wait nor pass a failpoint.
type Observer interface {
	// State lists the same fields each time.
	State() []Field
	// Learns names the fields that a thread that has come to a failpoint has just read.
	Learns(point string) []string
}

// Observe names what is shown beside each step where events are asked for. A build with -race does not call it: to look
// would be a data race.
//
//go:norace
func (x *Execution) Observe(o Observer) { x.observer = o }

// A sight is what was seen when a thread stopped.
type sight struct {
	place   *runtime.Frame
	state   []Field
	learned []string
}

// see keeps what is to be seen at the step that was just added to the trace.
func (x *Execution) see(t *thread) {
	if !x.notes {
		return
	}
	s := sight{state: x.look()}
	if t.at.kind == atPoint {
		s.place = t.place
		if s.state != nil {
			s.learned = x.observer.Learns(t.at.point.Name())
		}
	}
	x.sights = append(x.sights, s)
}

func (x *Execution) look() []Field {
	if x.observer == nil || raceEnabled {
		return nil
	}
	return x.observer.State()
}

// locate notes where the thread stands: the first caller that belongs neither to the scheduler nor to the failpoints.
//
//go:norace
func (t *thread) locate() {
	if !t.x.notes {
		return
	}
	var stack [16]uintptr
	frames := runtime.CallersFrames(stack[:runtime.Callers(2, stack[:])])
	t.place = nil
	for {
		frame, more := frames.Next()
		if !isMachinery(frame.Function) {
			t.place = &frame
			return
		}
		if !more {
			return
		}
	}
}

// isMachinery says whether a function only brings a thread to its stop.
func isMachinery(function string) bool {
	name := function[strings.LastIndexByte(function, '/')+1:]
	return strings.HasPrefix(name, "sched.(*thread).") || strings.HasPrefix(name, "failpoints.") || strings.Contains(name, "._racewindow_")
}

// describe adds to an event what was seen then.
func (s sight) describe(e *Event) {
	e.State, e.Learned = s.state, s.learned
	if s.place != nil {
		e.Path, e.File, e.Line, e.Function = s.place.File, filepath.Base(s.place.File), s.place.Line, s.place.Function
	}
}

// A Moment orders what threads do in an execution: each call returns a higher number, whoever calls. It is for histories, and
// the race detector takes it for no order.
//
//go:norace
func (t *T) Moment() int {
	t.thread.x.moment++
	return t.thread.x.moment
}
