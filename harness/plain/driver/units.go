package driver

import (
	"slices"

	"github.com/racewindow/racewindow/harness/sched"
)

// units are the tests that are explored each alone: a test itself, or its sub-tests, as one execution without a switch shows them. It is the
// first execution of the test in this process.
func units(name string, prepare func(only string) Run) (all []string, first sched.Outcome) {
	t := newTest(name, "", prepare)
	all, first = t.watch()
	switch f := first.Failure; {
	case f == nil, f.Kind == sched.Failed, f.Kind == sched.Leak, f.Kind == sched.DataRace:
		return slices.Compact(all), first
	}
	return []string{name}, first // it was broken off, and others may come after that
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
func (t *test) watch() (all []string, out sched.Outcome) {
	var run Run
	watched := func() Run {
		run = t.prepare()
		run.Watch()
		return run
	}
	out = sched.NewMechanismRunner(newMechanism(watched, &sights{}, false), t.options()).Replay(nil, false)
	return run.Units(), out
}
