// Package plain explores plain, unmodified Go tests. It builds a package's test binary with the runtime with hooks
// (failpoints/runtime) and a driver (harness/plain/driver), lets the binary carry out an order (harness/drive), and
// reports the results.
//
// The module under test is not changed. What enters its test binary imports only the standard library, and an overlay
// puts it beneath GOROOT/src/internal/racewindow: the racewindow command contains the sources of the driver, the
// scheduler and what they need. go.mod, go.sum and the list of modules stay as they are, and the module need not require
// racewindow.
package plain
