package driver

import (
	"slices"

	"github.com/racewindow/racewindow/harness/sched"
)

// units are the tests that are explored each alone: a test itself, or its sub-tests, as one execution without a switch shows them.
func units(name string, prepare func(only string) Run) []string {
	t := newTest(name, "", prepare)
	all, f := t.watch()
	if f != nil && f.Kind != sched.Failed && f.Kind != sched.Leak { // it was broken off, and others may come after that
		return []string{name}
	}
	return slices.Compact(all)
}

// units are what is in the test.
func (t *test) units() []string {
	all, _ := t.watch()
	if len(all) == 1 && all[0] == t.whole {
		return nil
	}
	return all
}

// watch executes the schedule without a switch, and lists what can be explored alone.
func (t *test) watch() (all []string, failure *sched.Failure) {
	var run Run
	watched := func() Run {
		run = t.prepare()
		run.Watch()
		return run
	}
	failure = sched.NewMechanismRunner(newMechanism(watched, &sights{}, false), t.options()).Replay(nil, false).Failure
	return run.Units(), failure
}
