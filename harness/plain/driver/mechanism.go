package driver

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// A Run is one execution of a test by its real runner, with a T of its own.
type Run interface {
	// Life returns the function of the test's goroutine.
	Life() func()
	// HasFailed says whether the test has failed so far. Failed returns its result, after all of it has stopped running.
	HasFailed() bool
	Failed() (failed, skipped bool, output string)
	// Said returns what first made it fail: the file and line, and the words. ok is false if nothing was said.
	Said() (site, words string, ok bool)
	// Clean removes what is left of it afterwards, and if it was broken off, also the files that it has made.
	Clean(broken bool)
	// Watch, before its life, makes it record its sub-tests. Units, after it, lists those that can be explored alone, or the
	// test itself.
	Watch()
	Units() []string
	// Losses counts the operations after which it has lost power, and the disks that it has recovered from.
	Losses() (operations, disks int)
}

// A mechanism is sched.Mechanism for the goroutines of one test.
type mechanism struct {
	prepare func() Run
	seen    *sights // of all executions of the test
	timing  bool    // timers are choices (time.go)

	run     Run
	chooser chooser
	state   *bubble.State
	threads *[bubble.Most]bubble.Thread // of state
	changes uint32                      // state.Changes when the candidates were last asked for
	decider func(thread int32) int32    // decide
	stands  []sched.Candidate           // by thread: what it does when it goes on
	nobody  sched.Candidate             // the candidate that stops before any thread has run
	names   names
	points  map[place]sched.PointID
	frames  map[uintptr]*runtime.Frame // of the code under test, for reports
	recent  [256]located               // a cache of located places, by a hash of the program counter
	atomic  map[place]bool             // whether a place lies in a package that has no points
	address sched.Addresses

	chosen    int  // the thread that the last decision chose; -1 for none
	hasAtomic bool // some packages have no points
	asked     bool // the thread that stopped last made the decision on its own stack
	after     int  // steps since the test's goroutine ended
	passing   bool // nothing is chosen any more
	apart     bool // the chooser asks another process
	late      int64
	sleep     bubble.Timer // that time passes for while threads take turns
	slept     int64        // how much of it has passed that way, in nanoseconds
	over      bubble.Outcome

	play    *play    // nil for a test
	noting  bool     // another process makes a report
	holders *holders // nil unless a report is made
}

// Sights are what the executions of a test have shown.
type sights struct {
	choices  uint64         // decisions with more than one thread to choose from
	threads  int            // in the execution with the most
	skipped  uint64         // executions in which the test skipped itself
	running  string         // the goroutine that went on for too long after the test's end
	oneOrder bool           // goroutines went on after the test's end for so long that their order was no longer chosen
	timers   bool           // a timer could have fired while others could go on
	fired    []string       // the timers that fired early, by choice, in the last execution
	polls    string         // who let time pass in the last execution, although others could go on, by reading the clock in a loop
	random   bool           // random numbers were drawn
	socket   bool           // a socket was made
	secret   string         // where the system's random numbers were read
	leak     *sched.Failure // of the schedule without a switch; it is a finding only if there are schedules without it
	leaked   uint64         // executions with this leak
	ended    uint64         // executions that reached the end of the test and did not fail otherwise
	losses   drive.PlainLosses
}

func newMechanism(prepare func() Run, seen *sights, timing bool) func() sched.Mechanism {
	return func() sched.Mechanism {
		return &mechanism{prepare: prepare, seen: seen, timing: timing, points: map[place]sched.PointID{}, atomic: map[place]bool{}}
	}
}

// Begin opens a bubble. Goroutines outside of it that could go on do so first.
func (m *mechanism) Begin(c *sched.Chooser) {
	if m.play != nil {
		m.beginPlay(c)
	}
	m.begin(c)
}

func (m *mechanism) begin(c chooser) {
	m.chooser, m.run = c, m.prepare()
	if m.play == nil {
		m.listen(c)
	}
	m.stands, m.chosen, m.asked, m.after, m.passing, m.late = m.stands[:0], 0, false, 0, false, 0
	m.sleep, m.slept = bubble.Timer{}, 0
	m.nobody = sched.Candidate{Thread: sched.NoThread, Point: sched.AtStart}
	m.hasAtomic = order != nil && len(order.Atomic) > 0
	noteRaces()
	m.names.forget()
	m.address.Forget()
	if m.decider == nil {
		m.decider = m.decide
	}
	decide := m.decider
	if raceEnabled || debugging.on {
		decide = nil // the detector, or a debugger, would attribute a decision on a thread's stack to the thread
	}
	if m.holders = nil; m.play == nil && (m.noting || c.Noting()) {
		m.holders, decide = newHolders(), nil // the root sees every stop
	}
	m.seen.fired, m.seen.polls = m.seen.fired[:0], ""
	m.state = bubble.Open(m.run.Life(), decide, uint64(c.Seed(m.seen.random)+1))
	m.threads, m.changes = &m.state.Threads, m.state.Changes
}

// Run lets threads go on until none does.
func (m *mechanism) Run() {
	stopped := &m.nobody
	for m.ask(stopped) {
		if m.chosen == bubble.Clock {
			stopped = m.fire()
			continue
		}
		if s := m.threads[m.chosen].State; s != bubble.Ready {
			panic(fmt.Sprintf("racewindow: thread %d cannot go on, its state is %d: please report this", m.chosen, s))
		}
		if m.holders != nil {
			m.holders.resumes(m.chosen)
		}
		thread := m.resume(m.chosen)
		if bubble.Over() {
			break
		}
		if m.holders != nil {
			m.holders.stopped(thread, &m.threads[thread])
		}
		if m.asked && m.chosen < 0 {
			break
		}
		stopped = m.stand(thread)
	}
	m.conclude()
}

// decide is called on the stack of a thread that has stopped at a point. It leaves everything but plain choices to the
// root.
func (m *mechanism) decide(thread int32) int32 {
	m.asked = false
	t := &m.threads[thread]
	if m.play != nil {
		if next, done := m.decidePlay(thread); done {
			return next
		}
	}
	if t.Op == bubble.OpCase || m.state.Timed && (m.due() || m.mayFire()) || m.ended() && !m.decidesAfter() {
		return -1
	}
	if m.hasAtomic && m.passes(t) {
		return thread
	}
	stopped := m.stand(int(thread))
	next, ok, done := m.chooseAgain(stopped)
	if !done {
		if m.chooser.TakesTurns() {
			return -1
		}
		next, ok = m.chooser.Choose(stopped, 0)
	}
	m.asked = true
	if !ok {
		next = -1
	}
	m.chosen = next
	return int32(next)
}

// ask makes the decision about a thread that has stopped, on the root's stack.
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
	case m.ended() && !m.choosesAfter():
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

func (m *mechanism) choose(stopped *sched.Candidate) (thread int, ok bool) {
	m.debugStep(stopped)
	if thread, ok, done := m.chooseAgain(stopped); done {
		return thread, ok
	}
	return m.chooser.Choose(stopped, m.held(stopped))
}

// held returns a hash of what a thread holds, once threads take turns: a loop that counts its passes is no livelock.
func (m *mechanism) held(stopped *sched.Candidate) uint64 {
	if !m.chooser.TakesTurns() && !m.chooser.Lingering() || stopped.Thread < 0 || stopped.Thread == bubble.Clock {
		return 0
	}
	return bubble.Held(stopped.Thread)
}

// chooseAgain chooses if the same threads can go on as before.
func (m *mechanism) chooseAgain(stopped *sched.Candidate) (thread int, ok, done bool) {
	if m.state.Changes != m.changes || m.state.Timed && m.mayFire() {
		return 0, false, false
	}
	return m.chooser.ChooseAgain(stopped)
}

// due says whether a timer should have fired because reading the clock has moved it.
func (m *mechanism) due() bool {
	when, now := bubble.Next()
	return when > 0 && when <= now
}

// Candidates returns the threads that are ready. If there are none, it waits for files and for goroutines outside of the
// bubble, which may wake a thread.
func (m *mechanism) Candidates(all []sched.Candidate) []sched.Candidate {
	m.meet()
	all = m.ready(all)
	if len(all) == 0 && m.waitOutside() {
		all = m.ready(all)
	}
	m.changes = m.state.Changes
	if len(all) > 1 {
		m.seen.choices++
		m.seen.oneOrder = m.seen.oneOrder || m.passing && !m.apart
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

// Limits of waiting for what the bubble does not control, in microseconds.
const (
	step        = 20
	forFile     = 1_000_000
	ratherTimer = 1_000 // if a timer could fire instead, or after the test's end
)

// waitOutside waits until a thread is ready. It says whether one is.
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
	if when, _ := bubble.Next(); when > 0 || m.ended() { // nothing is concluded from a wait for a file after the test's end
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

// WaitsOutside says whether a thread waits for a file or a connection.
func (m *mechanism) WaitsOutside() bool { return m.waitsForFile() }

func (m *mechanism) waitsForFile() bool {
	for i := range m.stands {
		if t := &m.threads[i]; t.State == bubble.Blocked && reason(t) == "IO wait" {
			return true
		}
	}
	return false
}

// Patience bounds a stretch without a choice, because such steps do not count towards the step limit.
func (m *mechanism) Patience() int { return alonePatience }

const alonePatience = 16

// Due returns the bubble's next timer. After the test's end, time goes on for at most a day.
func (m *mechanism) Due() (at int64, counts, any bool) {
	when, _ := bubble.Next()
	if when == 0 || m.late > 0 && when > m.late+longAfter {
		return 0, false, false
	}
	return when, true, true
}

// Jump lets timers fire.
func (m *mechanism) Jump(at int64) { bubble.Advance(at) }

// Threads counts the goroutines of the test so far, including those that have ended.
func (m *mechanism) Threads() int { return len(m.stands) }

// Name returns main, or the name of the thread that started this one plus the function that this one runs.
func (m *mechanism) Name(thread int) string {
	return m.names.of(m.threads[:len(m.stands)], thread)
}

// Counts says that every thread counts, also a goroutine that waits for a ticker, but not the clock.
func (m *mechanism) Counts(thread int) bool { return thread != bubble.Clock }

// Drop does nothing: Run has closed the bubble.
func (m *mechanism) Drop() {}

// Close has nothing to free.
func (m *mechanism) Close() (problem string) { return "" }

// Running describes the thread that does not stop. The watchdog calls it, from outside of the bubble.
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

// aPoint names the points of goroutines, and hangAdvice says what to do if a goroutine reaches none.
const (
	aPoint     = "an operation of sync, sync/atomic, channels or files"
	hangAdvice = "A loop that computes for long, cgo, and a system call that waits for something outside of the process, such as a child process, are not seen: " +
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
		frame := m.frames[pc]
		if frame == nil {
			if m.frames == nil {
				m.frames = map[uintptr]*runtime.Frame{}
			}
			of := userFrame(pc)
			frame = &of
			m.frames[pc] = frame
		}
		s.Place = frame
	}
	return s
}
