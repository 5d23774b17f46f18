package registry

import (
	"context"
	"fmt"

	"github.com/pingcap/failpoint"
)

// Remove ends a subscription and closes its log. Options.Order says how.
func (r *Registry) Remove(ctx context.Context, handle string) error {
	failpoint.InjectCall("remove/begun", ctx)
	var err error
	if r.options.Order == Reorder {
		err = r.removeRouteFirst(ctx, handle)
	} else {
		err = r.removeStatusFirst(ctx, handle)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", handle, err)
	}
	return nil
}

// removeStatusFirst is the seed's order: from the moment that the status is gone until the router comes to its batch, a
// route leads to a consumer that is not there and cannot be started.
//
//racewindow:yielded because Remove has passed a point just before
func (r *Registry) removeStatusFirst(ctx context.Context, handle string) error {
	if !r.retire(handle) {
		return ErrUnknown
	}
	failpoint.InjectCall("remove/retired", ctx)
	if err := r.dismiss(ctx, handle); err != nil {
		return err
	}
	failpoint.InjectCall("remove/dismissed", ctx)
	r.ask(request{handle: handle})
	return nil
}

// removeRouteFirst is the seed's second fix: nobody can be led to what is about to go.
func (r *Registry) removeRouteFirst(ctx context.Context, handle string) error {
	if !r.unrouteNow(ctx, handle) {
		return ErrUnknown
	}
	failpoint.InjectCall("remove/unrouted", ctx)
	if err := r.dismiss(ctx, handle); err != nil {
		return err
	}
	failpoint.InjectCall("remove/stopped", ctx)
	r.retire(handle)
	return nil
}
