package driver

import (
	"slices"

	"github.com/racewindow/racewindow/harness/sched"
)

// units returns the tests that are explored alone: a test itself, or its sub-tests, as one execution without a switch
// shows them. That execution is the first of the test in this process.
func units(name string, prepare func(only string) Run) (all []string, first sched.Outcome) {
	t := newTest(name, "", prepare)
	all, first = t.watch()
	switch f := first.Failure; {
	case f == nil, f.Kind == sched.Failed, f.Kind == sched.Leak, f.Kind == sched.DataRace:
		if all = slices.Compact(all); f != nil || standAlone(name, all, prepare) {
			return all, first
		}
	}
	return []string{name}, first // it was broken off, so there may be more sub-tests; or they need each other
}

// standAlone says whether each sub-test of a test that passed also passes alone. It may not: a sub-test may need what an
// earlier one left, and names may differ each time.
func standAlone(name string, all []string, prepare func(only string) Run) bool {
	for _, unit := range all {
		if unit == name {
			continue
		}
		RemoveLeft()
		ran, out := newTest(name, unit, prepare).watch()
		if f := out.Failure; !slices.Contains(ran, unit) || f != nil && f.Kind != sched.DataRace && f.Kind != sched.Leak {
			return false
		}
	}
	RemoveLeft()
	return true
}

// units returns the sub-tests that can be explored alone.
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
	out = sched.NewMechanismRunner(newMechanism(watched, &sights{}, false), t.options()).Replay(nil, true)
	return run.Units(), out
}
