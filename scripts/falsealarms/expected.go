package main

import "strings"

// An expectation is a finding that is correct, and why.
type expectation struct{ path, test, class, reason string }

// expected are the findings that people checked by hand. class is a part of the finding's class.
var expected = []expectation{
	{singleflight, "TestPanicDo", "timing: ", hangs + ". Then its goroutine logs after the test's end, so Go's testing package panics and makes the detector report a race"},
	{singleflight, "TestGoexitDo", "timing: ", hangs},
	{"golang.org/x/sync/semaphore", "TestWeightedAcquire", "timing: ", "tryAcquire is an Acquire with a timeout of 10 ms, which may be over before the free semaphore is taken: Acquire checks its context first, so it fails if the machine pauses the process for 10 ms"},
	{concPool, "TestContextPool", "timing: ", sleeps},
	{concPool, "TestResultContextPool", "timing: ", sleeps},
	{concPool, "TestResultErrorGroup", "timing: ", sleeps},
}

const (
	concPool     = "github.com/sourcegraph/conc/pool"
	sleeps       = "a task sleeps for 10 or 100 ms so that another one may register its error first, as its comment says; if the machine pauses the other task for that long, the order is reversed"
	singleflight = "golang.org/x/sync/singleflight"
	hangs        = "the test says that Do hangs if five goroutines have not ended within a second of real time, and fails if the machine pauses the process for that long"
)

// reasonOf says why a finding is correct; "" for one that nobody has checked.
func reasonOf(path, test, class string) string {
	for _, e := range expected {
		if e.path == path && e.test == test && strings.Contains(class, e.class) {
			return e.reason
		}
	}
	return ""
}
