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
	// Fatal is that the runtime ends the program, because of an unlock of what is not locked or two who write to a map, say. Nothing recovers from it.
	Fatal Kind = "fatal error"
	// Exited is that code under test ends its process by os.Exit.
	Exited Kind = "os.Exit"
	// Invariant is an Execution.Invariant that did not hold.
	Invariant Kind = "invariant"
	// Deadlock is that no thread can ever go on.
	Deadlock Kind = "deadlock"
	// Leak is a task that does not end.
	Leak Kind = "leak"
	// Livelock is that threads go round in a circle for ever, though each gets its turn. See turns.go for the rule.
	Livelock Kind = "livelock"
	// StepLimit is an execution that did not end within Options.StepLimit and about which nothing can be said: it is no finding.
	StepLimit Kind = "step limit"
	// Died is that the process of the execution has ended, where each has a process of its own.
	Died Kind = "process ended"
	// DataRace is a report of Go's race detector.
	DataRace Kind = "data race"
	// Unusable is an execution that says nothing: the scenario, the case or the strategy is wrong.
	Unusable Kind = "unusable"
)

// A Failure is why an execution is not right.
type Failure struct {
	Kind    Kind   `json:"kind"`
	Thread  string `json:"thread,omitempty"` // "" if it is nobody's in particular
	Message string `json:"message"`
	// Site is where the code said so or panicked: function (file:line). "" if the failure is of no one place.
	Site  string `json:"site,omitempty"`
	Err   error  `json:"-"` // what was given to T.Fail, or nil
	Stack string `json:"stack,omitempty"`
	Step  int    `json:"step"` // how many choices had been made
	// Timing says that time had passed while others could have gone on: a timer fired by choice, which a search without that choice does
	// not show, or somebody had read the clock in a loop, as the mechanism knows.
	Timing bool `json:"timing,omitempty"`
	// Note is a word about how the execution ended, where that was not as usual.
	Note string `json:"note,omitempty"`
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

// Class tells findings apart: a shrunk case must show the same class as the case that it was shrunk from. It is what the error
// says that was given to T.Fail or returned by an invariant, if that has a method Class() string; else the kind and the site. The
// message has no part in it, because it may hold values that differ each time.
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

// hangs says whether the failure is that an execution does not end.
func (f *Failure) hangs() bool { return f.Kind == StepLimit || f.Kind == "livelock" }

// assertionSite is where the code under test, or its test, said that something is wrong: the first caller that belongs neither to
// the scheduler nor to a library of assertions.
func assertionSite() string {
	return siteOf(func(f runtime.Frame) bool { return isMachinery(f.Function) || isT(f.Function) || isLibrary(f) })
}

// panicSite is where the panic was raised that is being recovered from: the first caller of gopanic outside of the runtime.
func panicSite() string {
	thrown := false
	return siteOf(func(f runtime.Frame) bool {
		inside := strings.HasPrefix(f.Function, "runtime.")
		thrown = thrown || inside && (strings.HasSuffix(f.Function, "panic") || strings.Contains(f.Function, ".panic"))
		return inside || !thrown
	})
}

// siteOf is the first caller that is not passed over, as function (file:line), without the folders that the build lies in.
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

// isLibrary says whether a function is of another module than the one under test: it asserts, but what it asserts is its caller's.
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
