package driver

import (
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/sched"
)

// Scenarios on goroutines. A harness.Check is part of the program under test and drives itself: it has its own copy of
// this package, and the functions of the runtime are offered to it. Its clients, and all goroutines that they start, are
// threads of a bubble.

// ErrVersions is returned by Take if the functions of the runtime are not those that this package calls.
var ErrVersions = errors.New("the module requires another version of racewindow than the command's: require the command's version, or run the module's own " +
	"with 'go run github.com/racewindow/racewindow/harness/cmd/racewindow'")

// Take makes all scenarios of this program run on goroutines from now on, through the runtime's functions that were
// offered to a test. own are the names of the package under test, as in an order.
func Take(offered any, own string) error {
	if err := Use(offered); err != nil {
		return err
	}
	take(own)
	return nil
}

// take returns a function that undoes it.
func take(own string) (undo func()) {
	ownPackage = strings.Fields(own)
	processors := runtime.GOMAXPROCS(1) // as in Test
	percent := debug.SetGCPercent(400)
	sched.UseGoroutines(goroutines{})
	return func() {
		sched.UseGoroutines(nil)
		debug.SetGCPercent(percent)
		runtime.GOMAXPROCS(processors)
	}
}

// While makes scenarios run on goroutines while do runs, after Use.
func While(own string, do func()) {
	defer take(own)()
	do()
}

// Use takes the functions that were offered to a test, and leaves the goroutines to Go's scheduler.
func Use(offered any) error {
	if !bubble.Use(offered) {
		return ErrVersions
	}
	return nil
}

// goroutines is sched.Goroutines.
type goroutines struct{}

// Mechanism executes plays of a scenario.
func (goroutines) Mechanism(s sched.Scenario) sched.Mechanism {
	m := &mechanism{seen: &sights{}, points: map[place]sched.PointID{}, play: &play{scenario: s}}
	m.prepare = func() Run { return played{m} }
	m.play.Start, m.play.Stop, m.play.AtDisk, m.play.Advance = m.startClient, m.stopClient, atDisk, advance
	return m
}

// A play is a sched.Play with the state that the mechanism keeps for it.
type play struct {
	sched.Play
	scenario sched.Scenario
	outer    *mechanism        // the mechanism whose bubble is open around this one
	errand   func()            // what the root must do for a thread
	marker   *failpoints.Point // the marker that a thread has reached; nil for the boundary between two operations
	began    bool              // the clients have begun
}

// innermost is the mechanism whose bubble was opened last.
var innermost *mechanism

// Outside calls do, which opens bubbles. If a thread calls Outside, the thread's root steps out of its bubble meanwhile
// and calls do.
func (goroutines) Outside(do func()) {
	switch bubble.Where() {
	case bubble.InThread:
		innermost.play.errand = do
		bubble.Ask()
	case bubble.AtRoot:
		innermost.away(do)
	default:
		do()
	}
}

func (m *mechanism) away(do func()) {
	held := bubble.StepOut()
	do()
	bubble.StepIn(held)
}

// resume lets a thread go on, and runs its errands.
func (m *mechanism) resume(thread int) (stopped int) {
	stopped = bubble.Resume(thread)
	for m.play != nil && m.play.errand != nil && !bubble.Over() {
		do := m.play.errand
		m.play.errand = nil
		m.away(do)
		stopped = bubble.Resume(stopped)
	}
	return stopped
}

// A played is the Run of a play.
type played struct{ m *mechanism }

func (p played) Life() func() { return p.m.play.Live }

// HasFailed, Failed and Said report nothing: failures in a play go to its chooser.
func (played) HasFailed() bool                               { return false }
func (played) Failed() (failed, skipped bool, output string) { return false, false, "" }
func (played) Said() (site, words string, ok bool)           { return "", "", false }

// The others do nothing: a play makes no folders of package testing, has no sub-tests, and loses no power.
func (played) Clean(bool)                      {}
func (played) Watch()                          {}
func (played) Units() []string                 { return nil }
func (played) Losses() (operations, disks int) { return 0, 0 }

// beginPlay opens the play.
func (m *mechanism) beginPlay(c *sched.Chooser) {
	m.play.outer, innermost = innermost, m
	m.play.began, m.play.errand = false, nil
	m.play.Begin(m.play.scenario, c)
}

// endPlay closes the play.
func (m *mechanism) endPlay() {
	innermost = m.play.outer
	m.play.End()
}

func (m *mechanism) startClient(name string, live func()) {
	if m.names.given == nil {
		m.names.given = map[int]string{}
	}
	m.names.given[int(m.state.Count)] = name
	go live()
}

// The driver's own operations.
const (
	opBoundary = 200 + iota
	opMarker
	opDisk
)

func init() {
	operations[opDisk] = operation{name: "disk"}
}

// theDisk is an address that nothing else has: an execution has one disk.
const theDisk = 1

func atDisk() { bubble.Stop(opDisk, theDisk) }

func (m *mechanism) stopClient(p *failpoints.Point) {
	m.play.marker = p
	if p == nil {
		bubble.Stop(opBoundary, 0)
		return
	}
	bubble.Stop(opMarker, 0)
}

func advance(d time.Duration) {
	_, now := bubble.Next()
	bubble.Advance(now + int64(d))
}

// standOfPlay returns what a thread does next that has stopped at a marker, or between two operations.
func (m *mechanism) standOfPlay(thread int) (c sched.Candidate) {
	if m.threads[thread].Op == opBoundary {
		return sched.Candidate{Thread: thread, Point: sched.AtOp}
	}
	c, err := m.play.Marker(m.play.marker, thread)
	if err != nil {
		m.chooser.Fail(&sched.Failure{Kind: sched.Unusable, Thread: m.Name(thread), Message: err.Error()})
	}
	return c
}

// decidePlay makes, on a thread's stack, the decisions that need no choice: while the scenario's function runs, and for
// the first thread after the clients have ended. next is -1 if the root must decide. If done is false, the thread is at a
// choice of the play, which decide makes.
func (m *mechanism) decidePlay(thread int32) (next int32, done bool) {
	switch p := m.play; {
	case p.Watched():
		return -1, true
	case p.Stage() == sched.Plays:
	case m.chooser.Lingers():
		return -1, true
	case p.Stage() == sched.SetsUp, thread == 0:
		m.asked, m.chosen = true, int(thread)
		return thread, true
	default:
		return -1, true
	}
	return 0, false
}

// askPlay is ask for a play.
func (m *mechanism) askPlay(stopped *sched.Candidate) (thread int, ok bool) {
	p := m.play
	if p.Stage() != sched.SetsUp && !m.ended() && p.Watched() && !p.Holds(stopped, m.nameOf(stopped)) {
		return 0, false
	}
	switch {
	case m.ended() && p.TasksMay():
		return 0, false
	case m.ended():
		return m.pass(stopped)
	case p.Stage() == sched.SetsUp:
		return m.chooser.Pass(stopped, m.held(stopped))
	case p.Stage() == sched.HasPlayed:
		m.chooser.Finish()
		return m.chooser.Pass(stopped, m.held(stopped))
	case m.threads[max(stopped.Thread, 0)].Op == bubble.OpCase:
		return m.pick(stopped)
	case !p.began:
		p.began = true
		stopped = &sched.Candidate{Thread: sched.NoThread, Point: sched.AtStart}
	}
	return m.choose(stopped)
}

func (m *mechanism) nameOf(stopped *sched.Candidate) string {
	if stopped.Thread < 0 {
		return "main"
	}
	return m.Name(stopped.Thread)
}

// stuckInPlay judges a play in which no thread can ever go on.
func (m *mechanism) stuckInPlay(why string) *sched.Failure {
	switch {
	case m.play.Stage() != sched.SetsUp && !m.ended():
		return m.play.Stuck(why, m.Remaining())
	case !m.ended():
		return &sched.Failure{Kind: sched.Unusable, Message: "the object cannot be opened: " + why + m.Remaining()}
	case m.live() == 0:
		return nil
	}
	if when, _ := bubble.Next(); when > 0 {
		return nil
	}
	return &sched.Failure{Kind: sched.Leak, Message: "a goroutine has not ended: " + m.listed(isLeft), Site: m.standing(isLeft)}
}
