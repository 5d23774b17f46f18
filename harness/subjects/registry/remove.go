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

// removeStatusFirst is the analysed system's order: after the status is gone, and until the router does its batch, a route leads
// to a consumer that does not exist and cannot be started.
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

// removeRouteFirst is the analysis's second fix: no route leads to a subscription that is being removed.
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
