package sched

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/racewindow/racewindow/failpoints"
)

// A state says what a thread needs to go on.
type state uint8

const (
	ready   state = iota // nothing
	waiting              // the end of its wait
	parked               // the end of the threads' part: only the main thread
	ended                // it never goes on
)

// A thread is one line of execution. It is the controller of its context, so that everything that passes a failpoint with
// that context is the thread.
//
// Under -race a thread's goroutine and the scheduler share these fields without any order that the detector knows of.
// What the thread's side touches is therefore in functions marked //go:norace.
type thread struct {
	x      *Execution
	id     int // in Execution.threads; NoThread for the main thread
	name   string
	given  string // the name before a number was added to it
	client bool
	late   bool                  // a client that was named when threads were running
	body   func(*T)              // of a client or the main thread
	task   func(context.Context) // of a task
	ctx    context.Context
	// inherited is the context of a task that was started with one of its own: it may end, or hold values. Nil for t.ctx.
	inherited context.Context
	t         T

	state   state
	at      arrival
	stands  Candidate // at, as the chooser sees it
	wait    failpoints.Wait
	place   *runtime.Frame // where it stands in the source, if recorded; started is where a task was started
	started *runtime.Frame
	ops     int // that have begun
	nexts   *thread
	faults  [maxFaultPoints]faultCount

	goroutine uintptr
	carrier   carrier
	unwound   bool   // unwinding was thrown
	passed    bool   // it has passed a failpoint
	after     int    // stops that it came to since it was unwound
	locals    uint64 // a hash of what its functions hold, while the chooser is watching
}

// An arrival is where a thread came to a stop.
type arrival struct {
	kind  arrivalKind
	point *failpoints.Point
}

type arrivalKind uint8

const (
	atStart arrivalKind = iota // of the threads' part
	atPoint
	atOp
	atEnd
)

// unwinding is thrown through a thread that must not go on.
type unwinding struct{}

// newThread reuses the thread of that name of an earlier execution, if there is one: the context that holds it need not be
// made anew.
//
//go:norace
func newThread(x *Execution, name string, client bool) *thread {
	for i, t := range x.spare {
		if t.given != name {
			continue
		}
		x.spare[i] = x.spare[len(x.spare)-1]
		x.spare = x.spare[:len(x.spare)-1]
		*t = thread{x: x, name: name, given: name, client: client, ctx: t.ctx}
		t.t.thread = t
		return t
	}
	t := &thread{x: x, name: name, given: name, client: client}
	t.t.thread = t
	t.ctx = failpoints.With(context.Background(), t)
	return t
}

// Yield stops the thread at a marker, where the scheduler chooses.
//
//go:norace
func (t *thread) Yield(_ context.Context, p *failpoints.Point) {
	if t.x.phase != phaseThreads && !t.x.over && !t.x.chooser.Lingers() {
		return
	}
	if goroutine() != t.goroutine {
		t.x.foreign(t, p.Name())
	}
	if t.x.over {
		t.goOnEnding()
		return
	}
	t.at = arrival{atPoint, p}
	t.locate()
	t.stop()
}

// Fault delivers what Execution.Faults says.
func (t *thread) Fault(_ context.Context, p *failpoints.Point) (any, bool) {
	if t.x.hasFaults() {
		return t.x.fault(t, p)
	}
	return nil, false
}

// Wait implements failpoints.Waiter.
//
//go:norace
func (t *thread) Wait(_ context.Context, w failpoints.Wait) (expired bool) {
	if goroutine() != t.goroutine {
		t.x.foreign(t, w.Point.Name())
	}
	for first := true; ; first = false {
		if t.x.over {
			t.goOnEnding()
		}
		switch {
		case t.x.over && w.Ready():
			t.try(w)
			return false
		case t.x.over:
			t.throw()
		case t.x.phase != phaseThreads && w.Ready() && !t.x.chooser.Lingers():
		case first || !w.Ready():
			t.wait, t.state = w, waiting
			t.at = arrival{atPoint, w.Point}
			t.locate()
			t.stop()
		}
		if w.Ready() {
			if w.Try == nil || w.Try() {
				return false
			}
			continue
		}
		if !t.x.over {
			return true // only its deadline can have passed
		}
	}
}

func (t *thread) try(w failpoints.Wait) {
	if w.Try != nil {
		w.Try()
	}
}

// Spawn makes a thread of a task.
//
//go:norace
func (t *thread) Spawn(ctx context.Context, name string, f func(context.Context)) func() {
	if goroutine() != t.goroutine {
		t.x.foreign(t, "the start of task "+name)
	}
	if t != t.x.main {
		name = t.name + "/" + name
	}
	child := newThread(t.x, name, false)
	child.task = f
	if ctx != t.ctx {
		child.inherited = failpoints.With(ctx, child)
	}
	if t.x.chooser.Noting() {
		child.started = placeOfCaller()
	}
	child.nexts, t.x.spawned = t.x.spawned, child
	return child.carry()
}

// Now returns the virtual time.
//
//go:norace
func (t *thread) Now() time.Time { return time.Unix(0, t.x.now) }

// stop hands over to the scheduler, and returns when the thread goes on.
//
//go:norace
func (t *thread) stop() {
	if t.x.play != nil {
		t.x.play.Stop(nil)
		return
	}
	t.passed = t.passed || t.at.kind == atPoint
	if t.x.chooser.Watching() {
		t.locals = locals(t.x.now)
	}
	t.handOver()
	if t.x.over && !t.unwound {
		t.throw()
	}
}

// throw ends the thread. A panic is cheapest, because the coroutine survives it. If code under test has recovered from it,
// runtime.Goexit follows; nothing recovers from that.
//
//go:norace
func (t *thread) throw() {
	if t.unwound {
		runtime.Goexit()
	}
	t.unwound = true
	panic(unwinding{})
}

// mostAfter bounds the stops of a thread in its defers while it is being unwound.
const mostAfter = 10_000

// goOnEnding returns if a thread that is being unwound has come to a stop in a deferred function. Otherwise the thread has
// recovered from the unwinding, like a worker that survives the panics of its jobs, and goOnEnding ends it.
//
//go:norace
func (t *thread) goOnEnding() {
	if !t.unwound {
		return
	}
	if t.after++; t.after <= mostAfter && inDeferred() {
		return
	}
	t.x.chooser.Remark("thread " + t.name + " recovered from the panic with which the scheduler ended it, and went on; it was ended all the same. " +
		"Code that recovers from every panic hides real ones too")
	runtime.Goexit()
}

// inDeferred says whether the calling goroutine runs a deferred function because of a panic or runtime.Goexit.
func inDeferred() bool {
	stack := make([]uintptr, 64)
	n := runtime.Callers(2, stack)
	for n == len(stack) {
		stack = make([]uintptr, 2*len(stack))
		n = runtime.Callers(2, stack)
	}
	frames := runtime.CallersFrames(stack[:n])
	for {
		frame, more := frames.Next()
		if frame.Function == "runtime.gopanic" || frame.Function == "runtime.Goexit" {
			return true
		}
		if !more {
			return false
		}
	}
}

// run is the life of a thread. Whatever ends it, a return, a panic or runtime.Goexit, passes its defer.
//
//go:norace
func (t *thread) run() {
	returned := false
	defer t.end(&returned)
	if !t.x.over {
		t.live()
	}
	returned = true
}

// end is deferred by run.
//
//go:norace
func (t *thread) end(returned *bool) {
	if thrown := recover(); !t.unwound {
		t.conclude(*returned, thrown)
	}
	t.state, t.at = ended, arrival{kind: atEnd}
}

func (t *thread) live() {
	if t.task != nil {
		ctx := t.ctx
		if t.inherited != nil {
			ctx = t.inherited
		}
		t.task(ctx)
		return
	}
	t.body(&t.t)
}

// conclude judges how a thread ended.
//
//go:norace
func (t *thread) conclude(returned bool, thrown any) {
	switch thrown := thrown.(type) {
	case nil:
		if !returned && !t.t.failed {
			t.x.chooser.Fail(&Failure{Kind: Failed, Thread: t.name, Message: "the thread ended with runtime.Goexit and said no reason: fail through sched.T, not through another test's T"})
		}
	case stopThread:
	default:
		t.x.chooser.Fail(&Failure{Kind: Panicked, Thread: t.name, Message: fmt.Sprint("panic: ", thrown), Site: panicSite(), Stack: string(debug.Stack())})
	}
}

// A T is a thread's hold on its execution. It satisfies the interfaces of testify's assert and require.
type T struct {
	thread *thread
	failed bool
}

// stopThread ends a thread from within.
type stopThread struct{}

// Context returns what the thread passes to the code under test: a context whose failpoints are under the scheduler's
// control.
func (t *T) Context() context.Context { return t.thread.ctx }

// Name returns the thread's name.
func (t *T) Name() string { return t.thread.name }

// Helper does nothing; it is there for testify.
func (t *T) Helper() {}

// Op begins an operation of the thread. The boundary between two operations is a place at which another thread may go on,
// and a switch there is no preemption.
//
//go:norace
func (t *T) Op(name string) {
	th := t.thread
	th.ops++
	if th.ops > 1 && th.x.phase == phaseThreads && !th.x.over {
		th.at = arrival{kind: atOp}
		th.stop()
	}
	if th.x.chooser.Noting() {
		th.x.note(th, name, true)
	}
}

// Note writes a line into the thread's column of the timeline.
func (t *T) Note(text string) { t.note(text) }

// Noting says whether notes will be read, for callers whose notes are expensive to make.
//
//go:norace
func (t *T) Noting() bool { return t.thread.x.chooser.Noting() }

//go:norace
func (t *T) note(text string) {
	if t.thread.x.chooser.Noting() {
		t.thread.x.note(t.thread, text, false)
	}
}

// Advance moves the virtual clock.
//
//go:norace
func (t *T) Advance(d time.Duration) { t.thread.x.advance(d) }

// Errorf reports that the execution is wrong. The thread goes on; the execution ends at its next stop. Reports from different
// places of the source are different findings, whatever the text.
func (t *T) Errorf(format string, args ...any) {
	t.failed = true
	t.thread.x.chooser.Fail(&Failure{Kind: Failed, Thread: t.thread.name, Message: fmt.Sprintf(format, args...), Site: assertionSite()})
}

// Fail reports that the execution is wrong because of err, and ends the thread. If err, or an error that it wraps, has a
// method Class() string, failures of different classes are different findings; otherwise failures from different places
// of the source are. With an UnusableError the execution says nothing.
func (t *T) Fail(err error) {
	t.failed = true
	kind := Failed
	var unusable UnusableError
	if errors.As(err, &unusable) {
		kind = Unusable
	}
	t.thread.x.chooser.Fail(&Failure{Kind: kind, Thread: t.thread.name, Message: err.Error(), Err: err, Site: assertionSite()})
	panic(stopThread{})
}

// FailNow ends the thread after an Errorf.
func (t *T) FailNow() {
	if !t.failed {
		t.Errorf("FailNow was called")
	}
	panic(stopThread{})
}

// Fatalf is Errorf and FailNow.
func (t *T) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	t.FailNow()
}
