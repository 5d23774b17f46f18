package driver

import (
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
)

// A send on a channel that another goroutine closes shows up twice under the race detector: as a panic if the close comes
// first, and as a data race of the two whenever nothing orders them. It is one bug.

// sentOnClosed is the message of that panic.
const sentOnClosed = "panic: send on closed channel"

// echoes says whether race is the data race of a send and a close, and other the panic of the same send.
func echoes(race, other *sched.Failure) bool {
	if race == nil || other == nil || race.Kind != sched.DataRace || other.Kind != sched.Panicked || other.Message != sentOnClosed {
		return false
	}
	sender, closed := "", false
	for _, found := range accessed.FindAllStringSubmatch(race.Stack, 2) {
		switch first := raceFrame.FindStringSubmatch(found[2]); {
		case first == nil:
		case first[1] == "runtime.closechan":
			closed = true
		case first[1] == "runtime.chansend":
			sender = accessOf("", found[2]).function
		}
	}
	return closed && sender != "" && strings.HasPrefix(other.Site, sender+" (")
}

// withoutEchoes drops the races that another failure of the same execution already shows.
func withoutEchoes(races []*sched.Failure, failed *sched.Failure) []*sched.Failure {
	return slices.DeleteFunc(races, func(race *sched.Failure) bool { return echoes(race, failed) })
}

// distinct drops the findings that another one already shows.
func distinct(all []sched.Finding) []sched.Finding {
	echo := func(f sched.Finding) bool {
		return slices.ContainsFunc(all, func(g sched.Finding) bool { return echoes(f.Failure, g.Failure) })
	}
	kept := make([]sched.Finding, 0, len(all))
	for _, f := range all {
		if !echo(f) {
			kept = append(kept, f)
		}
	}
	return kept
}
