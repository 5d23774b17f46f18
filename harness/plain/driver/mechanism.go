package driver

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/sched"
)

// A Run is one execution of a test by its real runner, with a T of its own.
type Run interface {
	// Run is the life of the test's goroutine.
	Run()
	// HasFailed says whether the test has failed so far, and Failed what came of it, when nothing of it runs any more.
	HasFailed() bool
	Failed() (failed, skipped bool, output string)
	// Said is what has first made it fail: the file and line, and the words. ok is false if nobody has said so.
	Said() (site, words string, ok bool)
	// Clean removes what is left of it, then: also the files that it has made, if it was broken off.
	Clean(broken bool)
	// Watch, before Run, has its sub-tests kept, and Units, after it, lists those that can be explored each alone; or the test itself.
	Watch()
	Units() []string
}

// A mechanism is sched.Mechanism for the goroutines of one test.
type mechanism struct {
	prepare func() Run
	seen    *sights // of all executions of the test
	timing  bool    // timers are choices (time.go)

	run     Run
	chooser chooser
	threads *[bubble.Most]bubble.Thread
	stands  []sched.Candidate // by thread: what it does when it goes on
	names   names
	points  map[place]sched.PointID
	recent  [256]numbered  // of points, by their places
	atomic  map[place]bool // whether a place lies in a package that has no points
	address sched.Addresses

	chosen int  // who goes on, of the last decision; -1 for nobody
	asked  bool // the decision about the thread that stopped last was made on its own stack
	after  int  // steps since the test's goroutine has ended
	late   int64
	over   bubble.Outcome

	play *play // nil for a test
}

// A place is an operation at a program counter.
type place struct {
	pc uintptr
	op uint8
}

// numbered is a place and the number of its point.
type numbered struct {
	place
	id    sched.PointID
	known bool
}

// Sights are what all executions of a test have shown.
type sights struct {
	choices uint64         // decisions for which there was more than one thread
	threads int            // of the execution that had most
	skipped uint64         // executions in which the test skipped itself
	running string         // who went on for too long after the test's end
	timers  bool           // a timer could have fired while others could go on
	fired   []string       // the timers that did so by choice, in the last execution
	random  bool           // random numbers were drawn
	secret  string         // where random numbers of the system's were read
	leak    *sched.Failure // of the schedule without a switch; it is a finding only if there are schedules without it
	leaked  uint64         // executions that have this leak
	ended   uint64         // executions that came to the end of the test, and did not fail otherwise
}

func newMechanism(prepare func() Run, seen *sights, timing bool) func() sched.Mechanism {
	return func() sched.Mechanism {
		return &mechanism{prepare: prepare, seen: seen, timing: timing, points: map[place]sched.PointID{}, atomic: map[place]bool{}}
	}
}

// Begin opens a bubble. Who is outside of it and could go on does so before.
func (m *mechanism) Begin(c *sched.Chooser) {
	if m.play != nil {
		m.beginPlay(c)
	}
	m.begin(c)
}

func (m *mechanism) begin(c chooser) {
	m.chooser, m.run = c, m.prepare()
	m.stands, m.chosen, m.asked, m.after, m.late = m.stands[:0], 0, false, 0, 0
	noteRaces()
	m.names.forget()
	m.address.Forget()
	decide := m.decide
	if raceEnabled || debugging.on {
		decide = nil // what is decided on a thread's stack would be the thread's in the eyes of the detector, and of a debugger
	}
	m.seen.fired = m.seen.fired[:0]
	m.threads = bubble.Open(m.run.Run, decide, uint64(c.Seed(m.seen.random)+1))
}

// Run lets threads go on until nobody does.
func (m *mechanism) Run() {
	stopped := &sched.Candidate{Thread: sched.NoThread, Point: sched.AtStart}
	for m.ask(stopped) {
		if m.chosen == bubble.Clock {
			stopped = m.fire()
			continue
		}
		if s := m.threads[m.chosen].State; s != bubble.Ready {
			panic(fmt.Sprintf("racewindow: thread %d cannot go on, its state is %d: please report this", m.chosen, s))
		}
		thread := m.resume(m.chosen)
		if bubble.Over() {
			break
		}
		if m.asked && m.chosen < 0 {
			break
		}
		stopped = m.stand(thread)
	}
	m.conclude()
}

// decide is called on the stack of a thread that has stopped at a point. What is not a plain choice is left to the root.
func (m *mechanism) decide(thread int32) int32 {
	m.asked = false
	t := &m.threads[thread]
	if m.play != nil {
		if next, done := m.decidePlay(thread); done {
			return next
		}
	}
	if t.Op == bubble.OpCase || m.due() || m.ended() || m.mayFire() || m.chooser.TakesTurns() {
		return -1
	}
	if m.passes(t) {
		return thread
	}
	m.asked = true
	next, ok := m.choose(m.stand(int(thread)))
	if !ok {
		m.chosen = -1
		return -1
	}
	m.chosen = next
	return int32(next)
}

// ask decides about a thread that has stopped, on the root's stack.
func (m *mechanism) ask(stopped *sched.Candidate) bool {
	m.asked = false
	if m.due() {
		_, now := bubble.Next()
		bubble.Advance(now)
	}
	m.turnTakesTime()
	bubble.Poll()
	bubble.Settle()
	var ok bool
	switch {
	case m.play != nil:
		m.chosen, ok = m.askPlay(stopped)
	case m.ended():
		m.chosen, ok = m.pass(stopped)
	case stopped.Thread >= 0 && m.threads[stopped.Thread].Op == bubble.OpCase:
		m.chosen, ok = m.pick(stopped)
	case stopped.Thread >= 0 && m.passes(&m.threads[stopped.Thread]):
		m.chosen, ok = stopped.Thread, true
	default:
		m.chosen, ok = m.choose(stopped)
	}
	return ok
}

// passes says whether a thread goes on though it has come to a point, because that is in a package that has none.
func (m *mechanism) passes(t *bubble.Thread) bool {
	if order == nil || len(order.Atomic) == 0 || t.State != bubble.Ready && t.State != bubble.Running || t.Op <= bubble.OpEnd || t.PC == 0 {
		return false
	}
	at := place{t.PC, t.Op}
	is, known := m.atomic[at]
	if !known {
		is = inPackages(userFrame(t.PC).Function, order.Atomic)
		m.atomic[at] = is
	}
	return is
}

func (m *mechanism) choose(stopped *sched.Candidate) (thread int, ok bool) {
	m.debugStep(stopped)
	thread, ok = m.chooser.Choose(stopped, 0)
	return thread, ok
}

// due says whether a timer should have fired: the clock has moved because it was read.
func (m *mechanism) due() bool {
	when, now := bubble.Next()
	return when > 0 && when <= now
}

// ended says whether the test's goroutine has: what others do then is not chosen.
func (m *mechanism) ended() bool { return m.threads[0].State == bubble.Ended }

// Bounds of what may happen after the test's end: it only shows whether goroutines of the test come to theirs.
const (
	mostAfter = 1_000
	longAfter = int64(24 * 3600 * 1e9)
)

// pass lets who remains go on after the test's end.
func (m *mechanism) pass(stopped *sched.Candidate) (thread int, ok bool) {
	if m.after == 0 {
		m.chooser.Finish()
		_, m.late = bubble.Next()
	}
	if m.after++; m.after > mostAfter {
		return 0, false
	}
	return m.chooser.Pass(stopped, 0)
}

// stand notes where a thread stands, and what it does when it goes on.
func (m *mechanism) stand(thread int) *sched.Candidate {
	m.meet()
	t := &m.threads[thread]
	c := sched.Candidate{Thread: thread, Resource: sched.Unknown, Writes: true}
	switch t.Op {
	case bubble.OpStart:
		c.Point = sched.AtStart
	case bubble.OpEnd:
		c.Point = sched.AtEnd
	case opBoundary, opMarker:
		c = m.standOfPlay(thread)
	default:
		o := &operations[t.Op]
		c.Point, c.Site, c.Action, c.Writes = m.point(t), uint32(t.PC), o.action, !o.reads
		switch {
		case o.nowhere:
			c.Resource, c.Writes = sched.Nowhere, false
		case t.Addr != 0:
			c.Resource = m.address.Of(t.Addr)
		}
	}
	m.stands[thread] = c
	return &m.stands[thread]
}

// meet takes in threads that have started since.
func (m *mechanism) meet() {
	for n := bubble.Count(); len(m.stands) < n; {
		m.stands = append(m.stands, sched.Candidate{Thread: len(m.stands), Point: sched.AtStart})
	}
}

// point is where a thread stands.
func (m *mechanism) point(t *bubble.Thread) sched.PointID {
	recent := &m.recent[(t.PC^t.PC>>8)%uintptr(len(m.recent))]
	if !recent.known || recent.pc != t.PC || recent.op != t.Op || t.PC == 0 {
		*recent = numbered{place{t.PC, t.Op}, m.pointOf(t), true}
	}
	return recent.id
}

func (m *mechanism) pointOf(t *bubble.Thread) sched.PointID {
	at := place{t.PC, t.Op}
	if at.pc == 0 && t.Op == bubble.OpBlocked { // it has passed no point before
		bubble.Locate()
		at.pc = t.At
	}
	id, known := m.points[at]
	if known {
		return id
	}
	name, file, line := pointAt(at.pc, operations[t.Op].name)
	id, err := m.chooser.Points().Named(name, file, line)
	if err != nil {
		m.chooser.Fail(&sched.Failure{Kind: sched.Unusable, Message: err.Error()})
	}
	m.points[at] = id
	return id
}

// Candidates are the threads that are ready. If there are none, files are waited for, and whoever is outside of the bubble may wake a
// thread.
func (m *mechanism) Candidates(all []sched.Candidate) []sched.Candidate {
	m.meet()
	all = m.ready(all)
	if len(all) == 0 && m.waitOutside() {
		all = m.ready(all)
	}
	if len(all) > 1 {
		m.seen.choices++
	}
	if len(all) > 0 && m.mayFire() {
		m.seen.timers = true
		all = append(all, sched.Candidate{Thread: bubble.Clock, Resource: sched.Everything, Writes: true, Action: sched.Fires})
	}
	return all
}

func (m *mechanism) ready(all []sched.Candidate) []sched.Candidate {
	for i := range m.stands {
		if s := m.threads[i].State; s == bubble.Ready || s == bubble.Running {
			all = append(all, m.stands[i])
		}
	}
	return all
}

// Limits of waiting, in microseconds, for what the bubble does not control.
const (
	step        = 20
	forFile     = 1_000_000
	ratherTimer = 1_000 // where time could go on instead
)

// waitOutside waits until somebody is ready. It says whether anybody is.
func (m *mechanism) waitOutside() bool {
	if m.live() == 0 {
		return false
	}
	for range 3 {
		bubble.Pause(0)
		if m.anyReady() {
			return true
		}
	}
	if !m.waitsForFile() {
		return false
	}
	limit := forFile
	if when, _ := bubble.Next(); when > 0 {
		limit = ratherTimer
	}
	for waited := 0; waited < limit; waited += step {
		bubble.Poll()
		if m.anyReady() {
			return true
		}
		bubble.Pause(step)
	}
	return false
}

func (m *mechanism) anyReady() bool {
	for i := range m.stands {
		if m.threads[i].State == bubble.Ready {
			return true
		}
	}
	return false
}

func (m *mechanism) waitsForFile() bool {
	for i := range m.stands {
		if t := &m.threads[i]; t.State == bubble.Blocked && reason(t) == "IO wait" {
			return true
		}
	}
	return false
}

// Patience bounds an execution in which there is nothing to choose for long. Such steps count for no limit otherwise.
func (m *mechanism) Patience() int { return alonePatience }

const alonePatience = 16

// Due is the bubble's next timer. After the test's end time goes on for a day at most.
func (m *mechanism) Due() (at int64, counts, any bool) {
	when, _ := bubble.Next()
	if when == 0 || m.late > 0 && when > m.late+longAfter {
		return 0, false, false
	}
	return when, true, true
}

// Jump lets timers fire.
func (m *mechanism) Jump(at int64) { bubble.Advance(at) }

// Threads are the goroutines of the test so far, ended ones included.
func (m *mechanism) Threads() int { return len(m.stands) }

// Name is a thread's: main, or who started it and the function that it runs.
func (m *mechanism) Name(thread int) string {
	return m.names.of(m.threads[:len(m.stands)], thread)
}

// Counts says that every thread does: a goroutine of the program that waits for a ticker is no less than another. The clock is none.
func (m *mechanism) Counts(thread int) bool { return thread != bubble.Clock }

// Drop is done: Run has closed the bubble.
func (m *mechanism) Drop() {}

// Close keeps nothing.
func (m *mechanism) Close() (problem string) { return "" }

// Running describes the thread that does not stop. It is called by the watchdog, outside of the bubble.
func (m *mechanism) Running() sched.Running {
	r := sched.Running{Who: "a goroutine", Stack: stacks(), Point: aPoint, Advice: hangAdvice}
	for i := range m.stands {
		if t := &m.threads[i]; t.State == bubble.Running {
			r.Who = "goroutine " + m.names.known(i)
			if t.PC != 0 {
				name, file, line := pointAt(t.PC, operations[t.Op].name)
				r.Since = fmt.Sprintf(", since it passed %s (%s:%d)", name, file, line)
			}
		}
	}
	return r
}

// aPoint is what goroutines come to, and hangAdvice what to do where one does not.
const (
	aPoint     = "an operation of sync, sync/atomic, channels or files"
	hangAdvice = "A loop that computes for long, cgo, and a system call that waits for something outside of the process are not seen: " +
		"have the test use less of it, or -skip it.\n"
)

func stacks() string {
	buffer := make([]byte, 1<<20)
	return strings.TrimSpace(string(buffer[:runtime.Stack(buffer, true)]))
}

// View says where in the source a thread has stopped.
func (m *mechanism) View(stopped sched.Candidate) (s sched.Sight) {
	if stopped.Thread < 0 || stopped.Point == sched.AtStart || stopped.Point == sched.AtEnd {
		return s
	}
	if pc := m.threads[stopped.Thread].PC; pc != 0 {
		frame := userFrame(pc)
		s.Place = &frame
	}
	return s
}
