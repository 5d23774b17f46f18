package stress

import (
	"fmt"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/deadlock"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// A HangError says that operations did not end after the round was over: because they wait for one another, or not for a long time.
// Only the first breaks a promise. Else only a person can tell a hang from a machine that is too slow, so there is no verdict.
type HangError struct {
	Round   int
	Overdue time.Duration
	// Deadlock says where they wait for one another; nil if it is not known that they do.
	Deadlock *deadlock.Deadlock
	// Stacks are the stacks of all goroutines, with equal ones counted.
	Stacks string
}

// Error says how long the operations hang, without the stacks.
func (e *HangError) Error() string {
	if e.Deadlock != nil {
		return fmt.Sprintf("operations of round %d never end: %v", e.Round, e.Deadlock)
	}
	return fmt.Sprintf("operations of round %d still hang %v after its end: a lost wake-up, a deadlock, or a machine that is far too slow (--grace)", e.Round, e.Overdue.Round(time.Second))
}

// violation is the promise that a deadlock breaks.
func (e *HangError) violation() *check.Violation {
	return &check.Violation{Promise: check.Progress, Detail: "operations never end: " + e.Deadlock.String()}
}

// hangs is an error if operations that should have ended never will, or have not for longer than the grace.
func (r *round) hangs(look *deadlock.Watch, overdue time.Duration) error {
	d := look.Look()
	if d == nil && overdue <= r.config.Grace {
		return nil
	}
	return &HangError{Round: r.number, Overdue: overdue, Deadlock: d, Stacks: stacks()}
}

// newWatch returns a watch that knows the waits of package words.
func newWatch() *deadlock.Watch {
	return &deadlock.Watch{NoTimer: []string{"github.com/racewindow/racewindow/harness/subjects/log/words."}}
}

func stacks() string {
	var b strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&b, 1) // a Builder takes everything
	return b.String()
}
