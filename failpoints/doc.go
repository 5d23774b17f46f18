// Package failpoints names the windows of a program, where another goroutine or a fault can strike, and lets a controller
// decide what happens there.
//
// The markers in the source are those of github.com/pingcap/failpoint. In a normal build they are empty calls. The
// instrumented build (racewindow build, test, run) replaces them with calls to this package:
//
//	failpoint.InjectCall("read/metadata-loaded", ctx)            a yield point: Yield
//	failpoint.InjectContext(ctx, "flush/sync", func(v ...) {…})  a fault point: Fault
//
// A controller travels in the context (With), so two tests or two explorations in one process do not affect each other.
// Without a controller in the context, a marker does nothing. Waits are typed (Lock, Receive, Sleep, Cond): in a normal
// build each is the ordinary wait; under a controller, the controller also learns what the goroutine waits for. For the same
// reason tasks start through Go and read the time through Now.
//
// The package is a leaf: engines link it, so it depends on the standard library only.
package failpoints
