package harness

import (
	"testing"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain/driver"
	"github.com/racewindow/racewindow/harness/sched"
)

// takeGoroutines makes Checks execute on goroutines if the command built this binary with the runtime that controls them.
// The code under test then needs no markers. The T of such a binary offers the functions of that runtime.
func takeGoroutines(t testing.TB) error {
	offers, is := t.(interface{ Racewindow() any })
	text := flagged(drive.Flag)
	if !is || text == "" || sched.OnGoroutines() {
		return nil
	}
	order, err := drive.Parse(text)
	if err != nil {
		return err
	}
	return driver.Take(offers.Racewindow(), order.Own)
}

// explorable says whether this build can follow a schedule.
func explorable() bool { return failpoints.Instrumented() || sched.OnGoroutines() }
