package sched

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
)

// A Kind says what was wrong with an execution.
type Kind string

const (
	// Failed is what a thread said through its T.
	Failed Kind = "failed"
	// Panicked is a panic of a thread.
	Panicked Kind = "panic"
	// Fatal means that the runtime ends the program, for example after an unlock of an unlocked mutex or two concurrent writes
	// to a map. Nothing recovers from it.
	Fatal Kind = "fatal error"
	// Exited means that code under test ends its process with os.Exit.
	Exited Kind = "os.Exit"
	// Invariant is an Execution.Invariant that did not hold.
	Invariant Kind = "invariant"
	// Deadlock means that no thread can ever go on.
	Deadlock Kind = "deadlock"
	// Leak is a task that does not end.
	Leak Kind = "leak"
	// Livelock means that threads repeat a cycle for ever, though each gets its turn. See turns.go for the rule.
	Livelock Kind = "livelock"
	// StepLimit is an execution that did not end within Options.StepLimit. Nothing can be said about it: it is no finding.
	StepLimit Kind = "step limit"
	// Died means that the process of the execution has ended, where each execution has a process of its own.
	Died Kind = "process ended"
	// DataRace is a report of Go's race detector.
	DataRace Kind = "data race"
	// Unusable is an execution that says nothing: the scenario, the case or the strategy is wrong.
	Unusable Kind = "unusable"
)

// A Failure says what is wrong with an execution.
type Failure struct {
	Kind    Kind   `json:"kind"`
	Thread  string `json:"thread,omitempty"` // "" if no thread in particular failed
	Message string `json:"message"`
	// Site is where the code reported the failure or panicked: function (file:line). "" if there is no single place.
	Site  string `json:"site,omitempty"`
	Err   error  `json:"-"` // what was given to T.Fail, or nil
	Stack string `json:"stack,omitempty"`
	Step  int    `json:"step"` // how many choices had been made
	// Timing says that time had passed while threads could have gone on. Either a timer fired by choice, which a search without
	// that choice does not show; or a thread had read the clock in a loop, as the mechanism knows.
	Timing bool `json:"timing,omitempty"`
	// Note says how the execution ended, where that was not as usual.
	Note string `json:"note,omitempty"`

	lingers bool // it is of the part after the threads, in which no schedule has a cycle
}

// An UnusableError is returned by a function given to Invariant that cannot judge: the execution then says nothing.
type UnusableError struct{ Reason string }

func (e UnusableError) Error() string { return e.Reason }

// Error makes a Failure an error.
func (f *Failure) Error() string {
	if f.Thread != "" {
		return fmt.Sprintf("%s in %s: %s", f.Kind, f.Thread, f.Message)
	}
	return fmt.Sprintf("%s: %s", f.Kind, f.Message)
}

// Unwrap returns what was given to T.Fail.
func (f *Failure) Unwrap() error { return f.Err }

// Class tells findings apart: a shrunk case must show the same class as the original. If the error given to T.Fail or returned by
// an invariant has a method Class() string, the class is its result; else it is the kind and the site. The message is no part of
// it, because it may hold values that differ each time.
func (f *Failure) Class() string {
	var c interface{ Class() string }
	if errors.As(f.Err, &c) {
		return c.Class()
	}
	class := string(f.Kind)
	if f.Timing {
		class = "timing: " + class
	}
	if f.Site != "" {
		return class + " in " + f.Site
	}
	return class
}

// hangs says whether the failure is that the threads do not end.
func (f *Failure) hangs() bool { return (f.Kind == StepLimit || f.Kind == Livelock) && !f.lingers }

// assertionSite is where the code under test, or its test, reported the failure: the first caller that belongs neither to the
// scheduler nor to a library of assertions.
func assertionSite() string {
	return siteOf(func(f runtime.Frame) bool { return isMachinery(f.Function) || isT(f.Function) || isLibrary(f) })
}

// panicSite is where the panic that is being recovered from was raised: the first caller of gopanic outside of the runtime.
func panicSite() string {
	thrown := false
	return siteOf(func(f runtime.Frame) bool {
		inside := strings.HasPrefix(f.Function, "runtime.")
		thrown = thrown || inside && (strings.HasSuffix(f.Function, "panic") || strings.Contains(f.Function, ".panic"))
		return inside || !thrown
	})
}

// siteOf is the first caller that passOver does not skip, as function (file:line), without the folders of the build.
func siteOf(passOver func(runtime.Frame) bool) string {
	stack := make([]uintptr, 64)
	frames := runtime.CallersFrames(stack[:runtime.Callers(3, stack)])
	for {
		f, more := frames.Next()
		if f.Function != "" && !passOver(f) {
			return siteOfFrame(f)
		}
		if !more {
			return ""
		}
	}
}

func siteOfFrame(f runtime.Frame) string {
	return fmt.Sprintf("%s (%s:%d)", f.Function[strings.LastIndexByte(f.Function, '/')+1:], path.Base(f.File), f.Line)
}

// isT says whether a function is a method of T.
func isT(function string) bool {
	return strings.HasSuffix(packageOf(function), "harness/sched") && strings.Contains(function, ".(*T).")
}

// isLibrary says whether a function belongs to another module than the one under test: it asserts on behalf of its caller.
func isLibrary(f runtime.Frame) bool {
	return strings.Contains(f.Function, "github.com/stretchr/testify/") || strings.Contains(f.File, "@v") || strings.Contains(f.File, "/vendor/") ||
		strings.HasPrefix(f.Function, "runtime.") || strings.HasPrefix(f.Function, "testing.") || strings.HasPrefix(f.Function, "reflect.")
}

// packageOf is the import path that a function's name begins with.
func packageOf(function string) string {
	slash := strings.LastIndexByte(function, '/')
	if dot := strings.IndexByte(function[slash+1:], '.'); dot >= 0 {
		return function[:slash+1+dot]
	}
	return function
}
