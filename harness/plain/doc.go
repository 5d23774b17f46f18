// Package plain explores plain, unmodified Go tests: it builds the test binary of a package with the runtime with hooks
// (failpoints/runtime) and with a driver in it (harness/plain/driver), has it carry out an order (harness/drive), and tells what came.
//
// The module under test is left alone. What enters its test binary imports the standard library only and arrives by an overlay
// beneath GOROOT/src/internal/racewindow: the sources of the driver, the scheduler and what they need are part of the racewindow
// command. go.mod, go.sum and the list of modules stay as they are, and the module need not require racewindow.
package plain
