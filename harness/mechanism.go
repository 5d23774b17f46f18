package harness

import (
	"testing"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain/driver"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/sched"
)

// takeGoroutines makes Checks execute on goroutines if the command built this binary with the runtime that controls them.
// The code under test then needs no markers. The T of such a binary offers the functions of that runtime. Where power is lost under load,
// goroutines run freely, and the runtime only tells what they do to files.
func takeGoroutines(t testing.TB) error {
	offers, is := t.(interface{ Racewindow() any })
	text := flagged(drive.Flag)
	if !is || text == "" || sched.OnGoroutines() {
		return nil
	}
	order, err := drive.Parse(text)
	switch {
	case err != nil:
		return err
	case order.Mode == drive.Crash:
		return driver.Use(offers.Racewindow())
	}
	return driver.Take(offers.Racewindow(), order.Own)
}

// onGoroutines calls do, which executes cases. If goroutines have run freely in racewindow's runtime, it controls them meanwhile.
func (c *checking) onGoroutines(do func()) {
	if sched.OnGoroutines() || !recorded.Possible() {
		do()
		return
	}
	driver.While(c.order.Own, do)
}

// explorable says whether this build can do what the command orders.
func explorable() bool {
	return failpoints.Instrumented() || sched.OnGoroutines() || recorded.Possible()
}
