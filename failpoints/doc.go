// Package failpoints names the windows of a program in which another goroutine or a fault can strike, and lets a
// controller decide what happens there.
//
// The markers in the source are those of github.com/pingcap/failpoint. In a normal build they are empty calls. The
// instrumented build (racewindow build, test, run) writes calls of this package in their place:
//
//	failpoint.InjectCall("read/metadata-loaded", ctx)            a yield point: Yield
//	failpoint.InjectContext(ctx, "flush/sync", func(v ...) {…})  a fault point: Fault
//
// A controller travels in the context (With), so two tests or two explorations in one process never meet; a context
// without a controller makes every marker do nothing. Waiting is typed (Lock, Receive, Sleep, Cond): the plain thing in
// a normal build, and under a controller the same thing with the controller told what is waited for. Tasks start
// through Go and read the time through Now for the same reason.
//
// The package is a leaf with no dependency outside the standard library: engines link it.
package failpoints
