package failpoints

import "context"

// Yield is what the marker failpoint.InjectCall(name, ctx) becomes in the instrumented build.
// Without a controller it costs one context look-up, takes no lock and allocates nothing.
func Yield(ctx context.Context, p *Point) {
	if c := from(ctx); c != nil {
		c.Yield(ctx, p)
	}
}

// Fault is what the marker failpoint.InjectContext(ctx, name, func(v failpoint.Value) {…}) becomes: the value for the
// body, and whether the body runs.
func Fault(ctx context.Context, p *Point) (value any, fires bool) {
	if c := from(ctx); c != nil {
		return c.Fault(ctx, p)
	}
	return nil, false
}

// TryYield is Yield for an argument whose type the splicer could not see. It returns false, having done nothing, when
// arg is no context.
func TryYield(arg any, p *Point) bool {
	ctx, ok := arg.(context.Context)
	if ok && ctx != nil {
		Yield(ctx, p)
	}
	return ok
}
