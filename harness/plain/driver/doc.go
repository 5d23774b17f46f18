// Package driver explores plain tests inside of their test binary: it is what the runtime with hooks (failpoints/runtime) asks who
// goes on. It links the standard library and what of this project does so too, because it arrives in other people's binaries by an
// overlay, beneath GOROOT/src/internal/racewindow, and must not change what their modules require.
//
// It is the third mechanism of package sched: threads are the goroutines of a test, points are the operations of sync, sync/atomic,
// channels and files that the user's code calls, and a candidate's resource is the address that the operation is about.
package driver
