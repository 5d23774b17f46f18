package failpoints

import (
	"context"
	"time"
)

// A Controller decides what happens at failpoints. It is called on the goroutine that passes the point.
//
// A controller that serves several goroutines at once must not order them (see package raceoff). The simple way is one
// controller for each goroutine, each with its own state.
type Controller interface {
	// Yield is called at a yield point. It may pause the goroutine.
	Yield(ctx context.Context, p *Point)
	// Fault is called at a fault point. It returns the value to deliver, commonly an error, and whether to deliver it.
	Fault(ctx context.Context, p *Point) (value any, fires bool)
}

// A Waiter is a Controller that also decides how its goroutines wait. Under a controller that is no Waiter, a typed wait is
// a Yield followed by the ordinary wait.
type Waiter interface {
	// Wait returns when w.Try has returned true, or reports that w.Deadline has passed. A lock and a sleep have no Try. For
	// a lock, Wait may return at once; the goroutine then locks, and blocks if it must. For a sleep, Wait returns when the
	// deadline has passed or w.Done is closed.
	Wait(ctx context.Context, w Wait) (expired bool)
}

// A Spawner is a Controller that also controls the goroutines that controlled code starts.
type Spawner interface {
	// Spawn returns the function that the parent starts with a go statement; that function must call f. It returns nil if
	// the controller starts f itself.
	Spawn(ctx context.Context, name string, f func(context.Context)) func()
}

// A Clock is a Controller that also tells the time.
type Clock interface {
	Now() time.Time
}

// control holds a controller and its optional interfaces, asserted once, so that a marker costs one context look-up only.
type control struct {
	Controller
	waiter  Waiter
	spawner Spawner
	clock   Clock
	// detached is the context that Detach returns; nil if Detach must make it.
	detached context.Context
}

type controlKey struct{ _ byte }

// theKey is a pointer because each context look-up compares it, and comparing pointers is cheaper than comparing structs.
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

// Detach returns a context for tasks that outlive the call that starts them: it is never cancelled, and holds the controller
// of ctx and no other value, so that finding the controller costs one look-up.
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
