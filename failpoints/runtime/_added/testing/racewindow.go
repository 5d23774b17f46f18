package testing

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	_ "unsafe" // for go:linkname
)

// racewindowTest is set by a driver. It is called before a test's function runs, and says whether it has run the test itself.
var racewindowTest func(t *T, fn func(*T)) bool

// RacewindowHook lets a driver explore tests.
func RacewindowHook(test func(t *T, fn func(*T)) bool) {
	racewindowTest = func(t *T, fn func(*T)) bool {
		if t.level == 1 {
			racewindowStarted()
		}
		return test(t, fn)
	}
}

//go:linkname racewindowStarted runtime.racewindowStarted
func racewindowStarted()

// racewindowExplores says that the tests of this process are explored: then the driver reports data races.
var racewindowExplores bool

// A RacewindowRun is one execution of a test by its real runner, with a T of its own.
type RacewindowRun struct {
	t      *T
	fn     func(*T)
	output bytes.Buffer
	state  testState
	match  matcher
}

// racewindowSpare is the last execution, to be used again; nil for none. Its T is not used again: code may keep a T for longer, and what it
// does with it must not count for a later execution.
var racewindowSpare *RacewindowRun

// RacewindowPrepare prepares an execution of a test. Names of sub-tests start anew each time. If only is the name of a sub-test, only that
// sub-test and those in it run.
func RacewindowPrepare(t *T, fn func(*T), only string) *RacewindowRun {
	racewindowExplores, racewindowSaid, racewindowLosses = true, racewindowWord{}, [2]int{}
	r := racewindowSpare
	if racewindowSpare = nil; r == nil {
		r = &RacewindowRun{state: testState{startParallel: make(chan bool)}, match: matcher{subNames: map[string]int32{}}}
	}
	r.fn = fn
	r.output.Reset()
	m := t.tstate.match
	clear(r.match.subNames)
	r.match = matcher{filter: m.filter, skip: m.skip, matchFunc: m.matchFunc, subNames: r.match.subNames}
	if only != "" {
		r.match.filter = racewindowOnly(strings.Split(only, "/"))
	}
	r.state = testState{match: &r.match, startParallel: r.state.startParallel, maxParallel: t.tstate.maxParallel, running: 1}
	ctx, cancel := context.WithCancel(context.Background())
	family := &struct {
		parent common
		t      T
	}{}
	family.parent = common{name: "", w: &r.output, barrier: racewindowNobody, level: t.level - 1}
	family.t = T{
		common: common{
			barrier: make(chan bool), signal: make(chan bool, 2), name: t.name, parent: &family.parent, level: t.level, creator: t.creator,
			ctx: ctx, cancelCtx: cancel,
		},
		tstate: &r.state,
	}
	r.t = &family.t
	racewindowPaths(&family.parent, t)
	racewindowPaths(&r.t.common, t)
	r.t.w = indenter{&r.t.common}
	r.t.setOutputWriter()
	return r
}

// racewindowNobody is what t.Parallel waits for: nothing, because there is no other test.
var racewindowNobody = func() chan bool {
	barrier := make(chan bool)
	close(barrier)
	return barrier
}()

// Life returns the function of the test's goroutine. It is the one of a go statement, as in T.Run, because only that shows nothing between
// tRunner and runtime.goexit in a stack.
func (r *RacewindowRun) Life() func() {
	racewindowCatch()
	go tRunner(r.t, r.fn)
	return racewindowCaught()
}

//go:linkname racewindowCatch runtime.racewindowCatch
func racewindowCatch()

//go:linkname racewindowCaught runtime.racewindowCaught
func racewindowCaught() func()

// racewindowDone is called after a test has ended. If it was explored, writing to its log panics from now on.
func racewindowDone(t *T) {
	if t.parent != nil && t.parent.barrier == racewindowNobody {
		t.parent.done = true
	}
}

// HasFailed says whether the test or one of its sub-tests has failed so far. Sub-tests may still run, so it takes their locks; otherwise the
// race detector would report its reads.
func (r *RacewindowRun) HasFailed() bool {
	return r.t.racewindowFailed() || r.t.parent.racewindowFailed()
}

func (c *common) racewindowFailed() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.failed
}

// Failed says whether the test or one of its sub-tests has failed or was skipped, and returns what they have written. Nothing of the test may
// still run.
func (r *RacewindowRun) Failed() (failed, skipped bool, output string) {
	return r.t.failed || r.t.parent.failed, r.t.skipped, r.output.String() + string(r.t.output)
}

// Clean ends an execution. If it was abandoned (broken) or has failed, cleanups may not have been called, so Clean removes all files that it
// has made and not removed, those in the folders of T.TempDir among them.
func (r *RacewindowRun) Clean(broken bool) {
	os.RacewindowMade(broken || r.t.failed || r.t.parent.failed)
	racewindowSpare = r
}

// racewindowLosses are the operations after which the current execution has lost power, and the disks that it has recovered from.
var racewindowLosses [2]int

// RacewindowLoses notes that a test loses power after so many operations, and recovers from so many disks. The race detector does not see
// it: it orders nothing in the test.
//
//go:norace
func (c *common) RacewindowLoses(operations, disks int) {
	racewindowLosses[0] += operations
	racewindowLosses[1] += disks
}

// Losses returns the sums of what RacewindowLoses has noted.
//
//go:norace
func (r *RacewindowRun) Losses() (operations, disks int) {
	return racewindowLosses[0], racewindowLosses[1]
}

// racewindowEnds is called when all tests of a process have ended.
func racewindowEnds() {
	if racewindowExplores {
		os.RacewindowLeft()
	}
}

// RacewindowLevel is 1 for a test that is not a sub-test.
func RacewindowLevel(t *T) int { return t.level }

// racewindowOffered are the functions of the runtime, for a test that drives goroutines itself.
var racewindowOffered any

// RacewindowOffer sets racewindowOffered.
func RacewindowOffer(functions any) { racewindowOffered = functions }

// Racewindow returns what was offered. A harness.Check asks for it.
func (c *common) Racewindow() any { return racewindowOffered }

// racewindowOnly selects one sub-test by its full name, one element for each level.
type racewindowOnly []string

func (o racewindowOnly) matches(name []string, _ func(pat, str string) (bool, error)) (ok, partial bool) {
	n := min(len(name), len(o))
	return slices.Equal(name[:n], o[:n]), len(name) < len(o)
}

func (racewindowOnly) verify(string, func(pat, str string) (bool, error)) error { return nil }

// racewindowSubtests are the sub-tests of the current execution, if they are wanted.
var racewindowSubtests struct {
	mu     sync.Mutex
	wanted bool
	all    []*T
	beside map[*common]bool // tests whose sub-tests run in parallel
}

func racewindowSubtest(t *T) {
	s := &racewindowSubtests
	if !s.wanted {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.all {
		if other.parent == t.parent && !other.done {
			s.beside[t.parent] = true
		}
	}
	s.all = append(s.all, t)
}

// Watch starts to record the sub-tests that run.
func (r *RacewindowRun) Watch() {
	racewindowSubtests.wanted, racewindowSubtests.beside = true, map[*common]bool{}
}

// Units ends Watch and returns the full names of the tests that can be explored alone: the innermost sub-tests. Those that run in parallel
// are explored together, as the test that contains them.
func (r *RacewindowRun) Units() (names []string) {
	names = racewindowUnits(r.t)
	s := &racewindowSubtests
	s.wanted, s.all, s.beside = false, nil, nil
	return names
}

func racewindowUnits(of *T) (names []string) {
	s := &racewindowSubtests
	if s.beside[&of.common] {
		return []string{of.name}
	}
	for _, t := range s.all {
		switch {
		case t.parent != &of.common:
		case t.isParallel:
			return []string{of.name}
		default:
			names = append(names, racewindowUnits(t)...)
		}
	}
	if names == nil {
		names = []string{of.name}
	}
	return names
}
