// Package driver explores plain tests from inside their test binary: the runtime with hooks (failpoints/runtime) asks it
// which goroutine goes on. An overlay puts it into other people's binaries, beneath GOROOT/src/internal/racewindow. It
// must not change what their modules require, so it and the parts of this project that it imports link only the standard
// library.
//
// It is the third mechanism of package sched: threads are the goroutines of a test, points are the operations of sync,
// sync/atomic, channels and files that the user's code calls, and a candidate's resource is the address of the
// operation's object.
package driver
