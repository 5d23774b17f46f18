package failpoints

import (
	"context"
	"time"
)

// A Controller decides what happens at failpoints. It is called on the goroutine that passes the point.
//
// A controller that serves several goroutines at once must order none of them (see package raceoff); one controller
// per goroutine, each with its own state, is the simple way.
type Controller interface {
	// Yield is called at a yield point. It may pause the goroutine.
	Yield(ctx context.Context, p *Point)
	// Fault is called at a fault point. It returns the value to deliver, commonly an error, and whether to deliver it.
	Fault(ctx context.Context, p *Point) (value any, fires bool)
}

// A Waiter is a Controller that also decides how its goroutines wait. Without it a typed wait is a Yield followed by
// the plain thing.
type Waiter interface {
	// Wait returns when w.Try has returned true, or reports that w.Deadline has passed. A lock and a sleep have no Try:
	// Wait may return at once for a lock, which the goroutine then takes, and waits if it must; for a sleep it returns
	// when the deadline has passed, or w.Done is closed.
	Wait(ctx context.Context, w Wait) (expired bool)
}

// A Spawner is a Controller that also looks after the goroutines that code under control starts.
type Spawner interface {
	// Spawn returns the function that the parent will start with the go statement, and which must call f; or nil, if the
	// controller itself sees to it that f is called.
	Spawn(ctx context.Context, name string, f func(context.Context)) func()
}

// A Clock is a Controller that also says what time it is.
type Clock interface {
	Now() time.Time
}

// control is a controller with its optional parts found once, so that a marker pays for one context look-up only.
type control struct {
	Controller
	waiter  Waiter
	spawner Spawner
	clock   Clock
	// detached is the context that Detach returns; nil if it has to be made.
	detached context.Context
}

type controlKey struct{ _ byte }

// theKey is compared by pointer in every context look-up, which is cheaper than comparing a struct.
var theKey = &controlKey{}

// With returns a context under the control of c. A nil c removes control.
func With(ctx context.Context, c Controller) context.Context {
	if c == nil {
		return context.WithValue(ctx, theKey, (*control)(nil))
	}
	full := &control{Controller: c}
	full.waiter, _ = c.(Waiter)
	full.spawner, _ = c.(Spawner)
	full.clock, _ = c.(Clock)
	with := context.WithValue(ctx, theKey, full)
	if ctx == context.Background() {
		full.detached = with
	}
	return with
}

// From returns the controller of ctx, or nil.
func From(ctx context.Context) Controller {
	if c := from(ctx); c != nil {
		return c.Controller
	}
	return nil
}

// Detach returns a context that is never cancelled and has no values but the controller of ctx, one look-up deep: for
// tasks that outlive the call that starts them.
func Detach(ctx context.Context) context.Context {
	c := from(ctx)
	switch {
	case c == nil:
		return context.Background()
	case c.detached != nil:
		return c.detached
	}
	return context.WithValue(context.Background(), theKey, c)
}

func from(ctx context.Context) *control {
	c, _ := ctx.Value(theKey).(*control)
	return c
}
