// Package runtime holds Go's runtime with hooks: the changes to files of GOROOT that hand every goroutine of a plain test to a driver,
// as data, and the go command that builds a test binary with them. The go command takes files of GOROOT from its -overlay too, so
// nothing that is installed is touched, and an ordinary build knows nothing of all this.
//
// An Edit names a file, an anchor that must stand in it exactly as often as it says, what comes in its place, and why. An edit whose
// anchor does not fit the installed Go refuses the version by its name, before anything is built. Added files lie in _added, as they
// lie in GOROOT/src.
//
// What the runtime does with the hooks is told in _added/runtime/racewindow.go: a bubble of testing/synctest in which one goroutine
// runs at a time and a driver says which. This package knows nothing of drivers but that a binary must have one: without it a program
// that was built with this runtime refuses to start.
//
// The standard library that is built so lies in a build cache of its own (Cache), since it would push everything else out of the
// user's. It is built once for each version of Go, of these edits and of the race detector's setting.
package runtime
