package sched

import (
	"path/filepath"
	"runtime"
	"strings"
)

// What an execution keeps for a report, and only if its events are asked for: where in the source each thread stopped, what the
// system under test looked like at each step, and what a thread read from it.

// A Field is one visible thing of the system under test at a moment.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// An Observer looks at the system under test. It is called between two threads, so it needs no lock. It must only read, and
// must neither wait nor pass a failpoint.
type Observer interface {
	// State lists the same fields each time.
	State() []Field
	// Learns names the fields that a thread has just read when it comes to a failpoint.
	Learns(point string) []string
}

// Observe sets the Observer whose state is shown beside each step, if events are asked for. A build with -race does not call it:
// the read would be a data race.
//
//go:norace
func (x *Execution) Observe(o Observer) { x.observer = o }

// note keeps what a thread wrote, or that it begins an operation.
//
//go:norace
func (x *Execution) note(t *thread, text string, begins bool) {
	x.chooser.Note(Note{Thread: t.name, Text: text, State: x.look(), Begins: begins})
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
	if t.x.chooser.Noting() {
		t.place = placeOfCaller()
	}
}

// placeOfCaller returns the first caller outside of the machinery; nil if there is none near.
//
//go:norace
func placeOfCaller() *runtime.Frame {
	var stack [16]uintptr
	frames := runtime.CallersFrames(stack[:runtime.Callers(3, stack[:])])
	for {
		frame, more := frames.Next()
		if !isMachinery(frame.Function) {
			return &frame
		}
		if !more {
			return nil
		}
	}
}

// whereabouts says where a task was started and where it waits, in an execution that is reported. The task has noted both.
//
//go:norace
func (t *thread) whereabouts() (words string) {
	if t.started != nil {
		words = "; it was started in " + siteOfFrame(*t.started)
	}
	if t.place != nil && t.at.kind == atPoint {
		words += ", and waits in " + siteOfFrame(*t.place)
	}
	return words
}

// isMachinery says whether a function only brings a thread to its stop.
func isMachinery(function string) bool {
	name := function[strings.LastIndexByte(function, '/')+1:]
	return strings.HasPrefix(name, "sched.(*thread).") || strings.HasPrefix(name, "failpoints.") || strings.Contains(name, "._racewindow_")
}

// describe adds to an event what was seen then.
func (s Sight) describe(e *Event) {
	e.State, e.Learned = s.State, s.Learned
	if s.Place != nil {
		e.Path, e.File, e.Line, e.Function = s.Place.File, filepath.Base(s.Place.File), s.Place.Line, s.Place.Function
	}
}

// Moment orders what threads do in an execution: each call returns a higher number, whichever thread calls. It is for histories;
// the race detector sees no order in it.
//
//go:norace
func (t *T) Moment() int {
	t.thread.x.moment++
	return t.thread.x.moment
}
