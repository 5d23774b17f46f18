package failpoints

import "context"

// Yield replaces the marker failpoint.InjectCall(name, ctx) in the instrumented build. If ctx carries no controller, it
// costs one context look-up, takes no lock and allocates nothing.
func Yield(ctx context.Context, p *Point) {
	if c := from(ctx); c != nil {
		c.Yield(ctx, p)
	}
}

// Fault replaces the marker failpoint.InjectContext(ctx, name, func(v failpoint.Value) {…}). It returns the value for the
// body, and whether the body runs.
func Fault(ctx context.Context, p *Point) (value any, fires bool) {
	if c := from(ctx); c != nil {
		return c.Fault(ctx, p)
	}
	return nil, false
}

// YieldControlled is Yield, and reports whether ctx carries a controller. If it carries none, the instrumented build falls
// back to pingcap's runtime.
func YieldControlled(ctx context.Context, p *Point) (controlled bool) {
	c := from(ctx)
	if c == nil {
		return false
	}
	c.Yield(ctx, p)
	return true
}

// FaultControlled is Fault, and reports whether ctx carries a controller.
func FaultControlled(ctx context.Context, p *Point) (value any, fires, controlled bool) {
	c := from(ctx)
	if c == nil {
		return nil, false, false
	}
	value, fires = c.Fault(ctx, p)
	return value, fires, true
}
