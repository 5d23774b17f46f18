// Package runtime holds Go's runtime with hooks, and builds test binaries with it. The hooks are changes to files of GOROOT, kept here
// as data; they hand every goroutine of a plain test to a driver. The go command's -overlay replaces files of GOROOT too, so nothing
// that is installed changes, and ordinary builds are not affected.
//
// An Edit names a file, an anchor that must occur in it exactly as often as the edit says, the text that replaces it, and the reason.
// If an anchor does not fit the installed Go, the package refuses that version before anything is built, and names the edit. The
// folder _added holds the added files, in the same layout as GOROOT/src.
//
// _added/runtime/racewindow.go says what the runtime does with the hooks: in a bubble of testing/synctest one goroutine runs at a
// time, and a driver says which. This package knows only one thing of drivers: a binary must have one. Without a driver, a program
// that was built with this runtime refuses to start.
//
// The standard library with these changes has a build cache of its own (Cache), since it would push everything else out of the user's.
// It is built once for each version of Go, each version of these edits and each setting of the race detector.
package runtime
