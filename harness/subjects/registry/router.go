package registry

import (
	"context"
	"slices"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// A request asks the router to remove the routes to a handle, or, with done, to say when earlier requests are done.
type request struct {
	handle string
	done   chan struct{} // closed when the request is done; may be nil
}

var (
	routerWake   = failpoints.WaitPoint(packagePath, "router/wake")
	routerGather = failpoints.WaitPoint(packagePath, "router/gather")
	settleDone   = failpoints.WaitPoint(packagePath, "settle/done")
)

// router is the task that removes routes. It waits a while after a request, to do many at once.
func (r *Registry) router(ctx context.Context) {
	for {
		if _, _, err := failpoints.Receive(ctx, routerWake, r.wake); err != nil {
			panic(err) // a detached context does not end
		}
		if r.options.Gather > 0 {
			if err := failpoints.Sleep(ctx, routerGather, r.options.Gather); err != nil {
				panic(err)
			}
		}
		failpoint.InjectCall("router/batch", ctx)
		batch, closing := r.takeRequests()
		if len(batch) > 0 {
			r.removeRoutes(ctx, batch)
		}
		if closing {
			failpoint.InjectCall("router/ending", ctx)
			close(r.ended)
			return
		}
	}
}

// removeRoutes does a batch of requests.
func (r *Registry) removeRoutes(ctx context.Context, batch []request) {
	failpoints.Lock(ctx, routeTurn, &r.turn)
	for _, q := range batch {
		failpoint.InjectCall("router/before-unroute", ctx)
		r.unroute(q.handle)
	}
	r.turn.Unlock()
	for _, q := range batch {
		if q.done != nil {
			failpoint.InjectCall("router/unrouted", ctx)
			close(q.done)
		}
	}
}

// Settle waits until the router has done all earlier requests.
func (r *Registry) Settle(ctx context.Context) error {
	failpoint.InjectCall("settle/begun", ctx)
	done := make(chan struct{})
	r.ask(request{done: done})
	_, _, err := failpoints.Receive(ctx, settleDone, done)
	return err
}

// ask sends a request to the router without waiting for it.
//
//racewindow:yielded because every caller has passed a point just before
func (r *Registry) ask(q request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, q)
	r.wakeRouter()
}

// wakeRouter may be called with the lock held.
//
//racewindow:atomic because a router that wakes needs the lock before it sees anything
func (r *Registry) wakeRouter() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

//racewindow:yielded because every caller has passed a point just before
func (r *Registry) takeRequests() (batch []request, closing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch, r.requests = r.requests, nil
	return batch, r.closing
}

// unrouteNow removes the routes to a handle between two publications, and reports whether there was one.
func (r *Registry) unrouteNow(ctx context.Context, handle string) bool {
	failpoints.Lock(ctx, routeTurn, &r.turn)
	defer r.turn.Unlock()
	return r.unroute(handle)
}

//racewindow:yielded because every caller has passed a point just before
func (r *Registry) route(shape, handle string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.routes[shape] = append(r.routes[shape], handle)
}

//racewindow:yielded because every caller has passed a point just before
func (r *Registry) unroute(handle string) (was bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for shape, handles := range r.routes {
		if i := slices.Index(handles, handle); i >= 0 {
			r.routes[shape], was = slices.Delete(slices.Clone(handles), i, i+1), true
		}
	}
	return was
}

// routed lists the handles that transactions of some shapes go to, each once.
//
//racewindow:yielded because every caller has passed a point just before
func (r *Registry) routed(shapes []string) (handles []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, shape := range shapes {
		for _, handle := range r.routes[shape] {
			if !slices.Contains(handles, handle) {
				handles = append(handles, handle)
			}
		}
	}
	return handles
}
