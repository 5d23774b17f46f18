// Written by: racewindow report --format gotest. Run it with: racewindow test.
package racewindow_test

import (
	"testing"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

// ReadAfterWrite: a read that starts after an append returned yields its records.
//
// What came: missing 1.0 (acknowledged at step 10, on disk since step 19).
func TestReadAfterWriteCase8ba47ca3(t *testing.T) {
	c, err := log.Parse("v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0")
	if err != nil {
		t.Fatal(err)
	}
	switches := c.Switches
	c.Switches = nil
	scenario, err := c.Scenario()
	if err != nil {
		t.Fatal(err)
	}
	out := sched.NewRunner(scenario, sched.Options{}).Replay(switches, false)
	if out.Failure != nil {
		c.Switches = switches
		t.Errorf("%v\nreplay: racewindow replay '%v'", out.Failure, c)
	}
}
