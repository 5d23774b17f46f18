package explore_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/sched"
	log "github.com/racewindow/racewindow/harness/subjects/log"
)

// What an exhausted bound proves is said together with its conditions.
func ExampleClaim() {
	c, err := log.Parse("v1 scenario=log handover=snapshot; w0: append 1, flush; r0: read - end")
	fmt.Println(err)
	done := sched.Exhausted{Bound: 2, Schedules: 1552, MaxSteps: 20}
	fmt.Println(explore.Claim(done, c.General(), "bounded", 14, nil))
	// Output:
	// <nil>
	// no violation in all 1552 schedules of 'v1 scenario=log handover=snapshot; w0: append 1, flush; r0: read - end' with at most 2 preemptions at 14 yield points (at most 20 choices a schedule), the code between them taken as atomic, time moving only when nobody can go on, nothing lost on the disk in memory
}
