package driver

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// A remote is a mechanism that executes each schedule in a process of its own, which runs this program again. So no
// execution leaves anything for the next, and whatever ends the process is a failure like any other.
type remote struct {
	pool   *pool
	seen   *sights
	timing bool // timers are choices

	chooser *sched.Chooser
	process *process
	points  []sched.PointID // by the number in the process
	names   []string
	enabled []sched.Candidate
	place   *runtime.Frame
	running int // the thread that went on last
	races   []*sched.Failure
	told    *sched.Failure // the failure that the process reported
	seed    int
	due     struct {
		at          int64
		counts, any bool
	}
}

func newRemote(p *pool, seen *sights, timing bool) func() sched.Mechanism {
	return func() sched.Mechanism { return &remote{pool: p, seen: seen, timing: timing} }
}

// Begin takes a process that waits for a schedule.
func (m *remote) Begin(c *sched.Chooser) {
	m.chooser, m.running, m.races, m.told = c, 0, nil, nil
	m.seed, m.seen.fired, m.seen.polls = c.Seed(m.seen.random), m.seen.fired[:0], ""
	m.points, m.names, m.enabled, m.place = m.points[:0], m.names[:0], m.enabled[:0], nil
	m.process = m.pool.take(m.seen.socket)
}

// Run answers the process until the execution is over.
func (m *remote) Run() {
	p := m.process
	if p.problem != nil {
		m.chooser.Fail(&sched.Failure{Kind: sched.Unusable, Message: p.problem.Error()})
		return
	}
	reached := false
	for {
		p.patience()
		switch said := p.get(); {
		case p.err != nil:
			m.ended(reached)
			return
		case said == saysHere:
			reached = true
		case said == saysReady:
			p.put(ordersBegin, boolean(m.chooser.Noting()), int64(m.seed), boolean(m.timing)).send()
		case said == saysStopped:
			m.stopped()
		case said == saysFinished:
			m.chooser.Finish()
		case said == saysFailed:
			m.failed()
		case said == saysWrote:
			m.chooser.Wrote(int(p.get()), p.getText())
		case said == saysNoted:
			m.chooser.Note(sched.Note{Thread: p.getText(), Text: p.getText()})
		case said == saysOver:
			m.over()
			return
		default:
			m.chooser.Fail(&sched.Failure{Kind: sched.Unusable, Message: fmt.Sprintf("a process of the test sent the message %d, which is unknown", said)})
			return
		}
	}
}

// stopped decides which thread goes on.
func (m *remote) stopped() {
	p := m.process
	how, ways, held := p.get(), int(p.get()), uint64(p.get())
	m.state()
	stopped := p.getCandidate(m.points)
	m.place = nil
	if m.chooser.Noting() {
		m.place = p.getFrame()
	}
	if p.err != nil {
		return
	}
	var next int
	var ok bool
	if how == picking {
		next, ok = m.chooser.Pick(&stopped, ways)
	} else {
		next, ok = m.chooser.Choose(&stopped, held)
	}
	if !ok {
		p.put(ordersStop).send()
		return
	}
	if how != picking {
		m.running = next
	}
	p.put(ordersGo, int64(next), boolean(m.chooser.TakesTurns()), boolean(m.chooser.Hurries())).send()
}

// state reads what asking.state sends.
func (m *remote) state() {
	p := m.process
	for n := p.get(); n > 0 && p.err == nil; n-- {
		id := sched.PointID(len(m.points))
		name, file, line := p.getText(), p.getText(), int(p.get())
		if id > sched.AtEnd && p.err == nil {
			var err error
			if id, err = m.chooser.Points().Named(name, file, line); err != nil {
				m.chooser.Fail(&sched.Failure{Kind: sched.Unusable, Message: err.Error()})
			}
		}
		m.points = append(m.points, id)
	}
	for n := p.get(); n > 0 && p.err == nil; n-- {
		m.names = append(m.names, p.getText())
	}
	m.due.at, m.due.counts, m.due.any = p.get(), p.get() != 0, p.get() != 0
	m.enabled = m.enabled[:0]
	for n := p.get(); n > 0 && p.err == nil; n-- {
		m.enabled = append(m.enabled, p.getCandidate(m.points))
	}
}

func (m *remote) failed() {
	f := &sched.Failure{}
	m.process.getJSON(f)
	if f.Kind == sched.Unusable && strings.HasPrefix(f.Message, waitsOutside) {
		f.Err = sched.ErrStrayed // the next execution may not have to wait
	}
	if m.process.err == nil && !(f.Kind == sched.Leak && m.seen.known(f)) {
		m.chooser.Fail(f)
		m.told = f
	}
}

// over reads what the execution has shown.
func (m *remote) over() {
	p := m.process
	threads, choices, skipped, ended, races := p.get(), p.get(), p.get(), p.get(), p.get()
	running := p.getText()
	m.seen.random, m.seen.timers = p.get() != 0 || m.seen.random, p.get() != 0 || m.seen.timers
	if secret := p.getText(); secret != "" {
		m.seen.secret = secret
	}
	for n := p.get(); n > 0 && p.err == nil; n-- {
		m.seen.fired = append(m.seen.fired, p.getText())
	}
	m.seen.polls = p.getText()
	m.seen.socket = p.get() != 0 || m.seen.socket
	m.seen.losses.Add(int(p.get()), int(p.get()))
	m.seen.oneOrder = p.get() != 0 || m.seen.oneOrder
	if p.err != nil {
		m.ended(true)
		return
	}
	m.seen.threads = max(m.seen.threads, int(threads))
	m.seen.choices += uint64(choices)
	m.seen.skipped += uint64(skipped)
	m.seen.ended += uint64(ended)
	if running != "" {
		m.seen.running = running
	}
	if races > 0 {
		m.races = racesOf(p.cmd.Process.Pid, int(races))
	}
}

// Races returns the data races of the process.
func (m *remote) Races() []*sched.Failure {
	for _, f := range m.races {
		f.Timing = m.seen.polls != ""
	}
	return withoutEchoes(m.races, m.told)
}

// ended is called when the process ended in the middle of an execution, or was silent for too long.
func (m *remote) ended(reached bool) {
	p := m.process
	if errors.Is(p.err, os.ErrDeadlineExceeded) {
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // then it prints the stacks of its goroutines
		m.chooser.Fail(&sched.Failure{Kind: sched.Unusable, Message: fmt.Sprintf("no goroutine has come to a point for %v: %s blocks where the scheduler cannot see it, or loops:\n%s",
			hangs(), m.Name(m.running), p.wait(true))})
		return
	}
	output := p.wait(false)
	m.races = racesOf(p.cmd.Process.Pid, 0)
	f := death(p.cmd.ProcessState, output)
	if !reached {
		f.Kind, f.Message = sched.Unusable, fmt.Sprintf("a process for one schedule ended before it came to the test; TestMain, or what the package does before, "+
			"may need what only one process can have: %s\n%s", f.Message, lastLines(output))
	}
	if len(m.names) > 0 {
		f.Thread = m.Name(m.running)
	}
	m.chooser.Fail(f)
}

// Drop lets the process end by itself.
func (m *remote) Drop() {
	if m.process != nil {
		m.process.leave()
		m.process = nil
	}
}

// Close keeps the processes that wait, because Begin may follow.
func (m *remote) Close() (problem string) { return "" }

// Candidates returns those that the process reported.
func (m *remote) Candidates(all []sched.Candidate) []sched.Candidate {
	return append(all, m.enabled...)
}

// Due returns what the process reported.
func (m *remote) Due() (at int64, counts, any bool) { return m.due.at, m.due.counts, m.due.any }

// Jump makes the process let time go on.
func (m *remote) Jump(at int64) {
	m.process.put(asksJump, at).send()
	m.enabled = m.enabled[:0]
	if m.answered() {
		m.state()
	}
}

// Deadlock asks the process.
func (m *remote) Deadlock(why string) (f *sched.Failure) {
	m.process.put(asksDeadlock).text(why).send()
	if m.answered() {
		m.process.getJSON(&f)
	}
	if f != nil && f.Kind == sched.Leak && m.seen.known(f) {
		return nil
	}
	return f
}

// Remaining asks the process.
func (m *remote) Remaining() (text string) {
	m.process.put(asksRemaining).send()
	if m.answered() {
		text = m.process.getText()
	}
	return text
}

func (m *remote) answered() bool { return m.process.get() == saysAnswer && m.process.err == nil }

// Threads counts those that the process reported.
func (m *remote) Threads() int { return len(m.names) }

// Name returns the process's name for a thread.
func (m *remote) Name(thread int) string {
	if thread < len(m.names) {
		return m.names[thread]
	}
	return fmt.Sprint(thread)
}

// Counts says that every thread counts, but not the clock.
func (m *remote) Counts(thread int) bool { return thread != bubble.Clock }

// Patience is the same as without processes.
func (m *remote) Patience() int { return alonePatience }

// Running serves a watchdog that is more patient than this mechanism.
func (m *remote) Running() sched.Running {
	return sched.Running{Who: "a process of the test", Stack: stacks(), Point: aPoint, Advice: hangAdvice}
}

// View returns what the process reported.
func (m *remote) View(sched.Candidate) (s sched.Sight) {
	s.Place = m.place
	return s
}

// apart makes a test's schedules execute in processes of their own from now on: each as the first execution in its
// process or, if the test is warmed up, after the schedule without a switch.
func (t *test) apart(how string) {
	t.how = how
	t.pool = newPool(t.whole, t.name, how)
	t.sights = &sights{socket: t.sights.socket}
	t.mechanism, t.timed = newRemote(t.pool, t.sights, false), newRemote(t.pool, t.sights, true)
}

// inProcesses says whether schedules have processes of their own.
func (t *test) inProcesses() bool { return t.how != drive.ApartNone }
