package main

import "strings"

// An expectation is a finding that is true, and why.
type expectation struct{ path, test, class, reason string }

// expected are the findings that were looked at by hand. class is a part of the finding's.
var expected = []expectation{
	{singleflight, "TestPanicDo", "timing: ", hangs + ". Its goroutine logs after the test's end then, on which Go's testing package panics, and which it has the detector report"},
	{singleflight, "TestGoexitDo", "timing: ", hangs},
	{"golang.org/x/sync/semaphore", "TestWeightedAcquire", "timing: ", "tryAcquire is an Acquire with a timeout of 10 ms, which may be over before the free semaphore is taken: Acquire asks its context first, so that it fails where a machine pauses the process for 10 ms"},
	{concPool, "TestContextPool", "timing: ", sleeps},
	{concPool, "TestResultContextPool", "timing: ", sleeps},
	{concPool, "TestResultErrorGroup", "timing: ", sleeps},
}

const (
	concPool     = "github.com/sourcegraph/conc/pool"
	sleeps       = "a task sleeps for 10 or 100 ms so that another one may register its error first, as its comment says, and a machine that pauses the other for as long makes it the second"
	singleflight = "golang.org/x/sync/singleflight"
	hangs        = "the test says that Do hangs if five goroutines have not ended within a second of real time, and fails where a machine pauses the process for as long"
)

// reasonOf is why a finding is true, "" for one that nobody has looked at.
func reasonOf(path, test, class string) string {
	for _, e := range expected {
		if e.path == path && e.test == test && strings.Contains(class, e.class) {
			return e.reason
		}
	}
	return ""
}
