// Package driver explores plain tests inside of their test binary: the runtime with hooks (failpoints/runtime) asks it which
// goroutine goes on. It arrives in other people's binaries by an overlay, beneath GOROOT/src/internal/racewindow, and must not
// change what their modules require. So it and the parts of this project that it imports link only the standard library.
//
// It is the third mechanism of package sched: threads are the goroutines of a test, points are the operations of sync, sync/atomic,
// channels and files that the user's code calls, and a candidate's resource is the address that the operation is about.
package driver
