package sched

import "fmt"

// A Kind says what was wrong with an execution.
type Kind string

const (
	// Failed is what a thread said through its T.
	Failed Kind = "failed"
	// Panicked is a panic of a thread.
	Panicked Kind = "panic"
	// Invariant is an Execution.Invariant that did not hold.
	Invariant Kind = "invariant"
	// Deadlock is that no thread can ever go on.
	Deadlock Kind = "deadlock"
	// Leak is a task that does not end.
	Leak Kind = "leak"
	// Livelock is that threads go round in a circle for ever, though each gets its turn. See Execution.takeTurn for the rule.
	Livelock Kind = "livelock"
	// StepLimit is an execution that did not end within Options.StepLimit and about which nothing can be said: it is no finding.
	StepLimit Kind = "step limit"
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
	Err     error  `json:"-"` // what was given to T.Fail, or nil
	Stack   string `json:"stack,omitempty"`
	Step    int    `json:"step"` // how many choices had been made
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

// Class tells findings apart: a shrunk case must show the same class as the case that it was shrunk from.
func (f *Failure) Class() string {
	if c, ok := f.Err.(interface{ Class() string }); ok {
		return c.Class()
	}
	return string(f.Kind)
}

// fail keeps the first failure. The lock orders the thread with the scheduler in the eyes of the race detector, once the
// execution is over anyhow.
//
//go:norace
func (x *Execution) fail(f *Failure) {
	x.failedMu.Lock()
	if x.failure == nil && !x.over {
		f.Step = len(x.trace)
		x.failure, x.failed = f, true
	}
	x.failedMu.Unlock()
}

//go:norace
func (x *Execution) hasFailed() bool { return x.failed }
