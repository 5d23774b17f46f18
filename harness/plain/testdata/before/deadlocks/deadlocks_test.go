// Package deadlocks has workers from before the tests, and no timer.
package deadlocks

import "testing"

var jobs, idle = make(chan func()), make(chan func())

func init() {
	go work(jobs)
	go work(idle)
}

func work(jobs chan func()) {
	for job := range jobs {
		job()
	}
}

// The worker waits for a job that it must do itself.
func TestWaitsForItself(t *testing.T) {
	done := make(chan bool)
	jobs <- func() { <-done }
	jobs <- func() { close(done) }
}

// A goroutine of the test's own is a leak, and those of the package are none.
func TestLeaves(t *testing.T) {
	taken := make(chan bool)
	go func() { taken <- true }()
	jobs <- func() {
		select {
		case <-taken:
		default:
		}
	}
}
