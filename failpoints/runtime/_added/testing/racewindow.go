package testing

import (
	"bytes"
	"context"
)

// racewindowTest, if a driver has set it, is asked before a test's function runs, and says whether it has done what there is to do.
var racewindowTest func(t *T, fn func(*T)) bool

// RacewindowHook has a driver explore tests.
func RacewindowHook(test func(t *T, fn func(*T)) bool) { racewindowTest = test }

// racewindowExplores says that the tests of this process are explored: the driver tells of data races.
var racewindowExplores bool

// A RacewindowRun is one execution of a test by its real runner, with a T of its own.
type RacewindowRun struct {
	t      *T
	fn     func(*T)
	output bytes.Buffer
}

// RacewindowPrepare makes an execution of a test ready. Names of sub-tests begin anew each time.
func RacewindowPrepare(t *T, fn func(*T)) *RacewindowRun {
	racewindowExplores = true
	r := &RacewindowRun{fn: fn}
	m := t.tstate.match
	state := newTestState(t.tstate.maxParallel, &matcher{filter: m.filter, skip: m.skip, matchFunc: m.matchFunc, subNames: map[string]int32{}})
	ctx, cancel := context.WithCancel(context.Background())
	parent := &common{name: "", w: &r.output, barrier: make(chan bool), level: t.level - 1}
	close(parent.barrier) // t.Parallel waits for nobody: there is no other test
	r.t = &T{
		common: common{
			barrier: make(chan bool), signal: make(chan bool, 2), name: t.name, parent: parent, level: t.level, creator: t.creator,
			ctx: ctx, cancelCtx: cancel,
		},
		tstate: state,
	}
	racewindowPaths(parent, t)
	racewindowPaths(&r.t.common, t)
	r.t.w = indenter{&r.t.common}
	r.t.setOutputWriter()
	return r
}

// Run is the life of the test's goroutine. Who writes to the test after that makes a mistake, which panics.
func (r *RacewindowRun) Run() {
	defer func() { r.t.parent.done = true }()
	tRunner(r.t, r.fn)
}

// Failed says whether the test or one of its sub-tests has failed or was skipped, and what they have written. Nothing of the test runs any more.
func (r *RacewindowRun) Failed() (failed, skipped bool, output string) {
	return r.t.failed || r.t.parent.failed, r.t.skipped, r.output.String() + string(r.t.output)
}

// RacewindowLevel is 1 for a test that is no sub-test.
func RacewindowLevel(t *T) int { return t.level }

// racewindowOffered are the functions of the runtime, for a test that drives goroutines itself.
var racewindowOffered any

// RacewindowOffer keeps them.
func RacewindowOffer(functions any) { racewindowOffered = functions }

// Racewindow returns what was offered. A harness.Check asks for it.
func (c *common) Racewindow() any { return racewindowOffered }
