package driver

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/sched"
)

// conclude closes the bubble and judges the execution. The first failure counts.
func (m *mechanism) conclude() {
	m.seen.threads = max(m.seen.threads, m.took())
	over := bubble.Over()
	var leak *sched.Failure
	if !over && m.after > mostAfter {
		m.seen.running = m.Remaining()
		leak = m.leakBeside()
	}
	broken := !m.ended()
	failedBefore := broken && m.run.HasFailed()
	bubble.Close(&m.over)
	m.listenNoMore()
	if m.play != nil {
		defer m.endPlay()
	}
	m.run.Clean(broken || m.over.Dying || m.over.Refused)
	m.seen.losses.Add(m.run.Losses())
	m.seen.random = m.seen.random || m.over.Random
	if m.over.Socket {
		m.seen.socket = true
		releasePorts(ports) // nobody accepts there any more, and the next execution may want the same port
	}
	if pc := m.over.Secret; pc != 0 {
		frame := userFrame(pc)
		m.seen.secret = fmt.Sprintf("%s (%s:%d)", shortFunction(frame.Function), filepath.Base(frame.File), frame.Line)
	}
	switch o := &m.over; {
	case o.Dying:
		m.fail(m.unlessBeside(m.died(o)))
		return
	case o.Refused:
		m.chooser.Fail(&sched.Failure{Kind: sched.Unusable, Message: o.Message})
		return
	}
	failed, skipped, output := m.run.Failed()
	if broken { // what is left of an execution that was broken off has gone on since, unseen
		failed = failedBefore
	}
	if skipped {
		m.seen.skipped++
	}
	m.seen.ended++
	switch {
	case failed:
		m.fail(m.unlessBeside(m.failed(output)))
	case leak != nil:
		m.fail(leak)
	}
}

// atLeastBeside is how much time must have passed beside another process for a failure to say nothing: to start one takes longer in
// reality, and no test has a shorter limit for it.
const atLeastBeside = time.Millisecond

// unlessBeside returns a failure, or why it says nothing: the test has started another process, and time passed on the clock of the
// test while that process ran. A time limit for the process ended too early then.
func (m *mechanism) unlessBeside(f *sched.Failure) *sched.Failure {
	passed := time.Duration(m.over.Beside)
	if passed < atLeastBeside {
		return f
	}
	frame := userFrame(m.over.Child)
	return &sched.Failure{Kind: sched.Unusable, Message: fmt.Sprintf("the test starts another process in %s (%s:%d), and %v passed on the clock of the test while that ran, which has another clock. "+
		"So a time limit for it means nothing, and neither does this failure (%s). Wait without a limit, for a line of its output or for its end",
		shortFunction(frame.Function), filepath.Base(frame.File), frame.Line, passed.Round(time.Millisecond), f.Class())}
}

// died makes the failure of a panic, of a fatal error of the runtime, or of os.Exit.
func (m *mechanism) died(o *bubble.Outcome) *sched.Failure {
	f := &sched.Failure{Kind: sched.Fatal, Thread: m.whoDied(int(o.Thread)), Message: "fatal error: " + o.Message}
	switch {
	case o.Message == "":
		f.Kind, f.Message = sched.Panicked, "panic: "+panicText(o.Arg)
	case strings.HasPrefix(o.Message, "os.Exit("):
		f.Kind, f.Message = sched.Exited, o.Message
	}
	var stack strings.Builder
	f.Site = printStack(&stack, o.PCs[:o.Depth])
	f.Stack = stack.String()
	return f
}

// whoDied returns the name of a thread, even if it reached no point and so has no name yet.
func (m *mechanism) whoDied(thread int) string {
	if thread >= 0 && thread < len(m.stands) {
		return m.Name(thread)
	}
	return m.names.known(thread)
}

// panicText renders the value of a panic as the runtime does; methods of that value may panic again.
func panicText(arg any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("a %T that cannot be printed", arg)
		}
	}()
	if err, is := arg.(error); is {
		return err.Error()
	}
	return fmt.Sprint(arg)
}

// Deadlock judges an execution in which no thread can ever go on.
func (m *mechanism) Deadlock(why string) *sched.Failure {
	f := m.timed(m.stuck(why))
	if f != nil {
		m.debugFailure()
	}
	return f
}

// stuck makes the failure of an execution in which no thread can ever go on; nil if it is none. After the end of the
// test, goroutines that can never go on are leaks.
func (m *mechanism) stuck(why string) *sched.Failure {
	if m.waitsForFile() {
		if m.ended() {
			return m.leakBeside()
		}
		return &sched.Failure{Kind: sched.Unusable, Message: waitsOutside + ", for longer than a second: " + m.Remaining()}
	}
	bubble.Locate()
	if m.play != nil {
		return m.stuckInPlay(why)
	}
	if !m.ended() {
		return &sched.Failure{Kind: sched.Deadlock, Message: why + m.Remaining(), Site: m.standing(isBlocked), Stack: m.waiting(isBlocked)}
	}
	if m.live() == 0 || m.run.HasFailed() {
		return nil // a test that failed did so before anything was left
	}
	if when, _ := bubble.Next(); when > 0 { // a timer that is too far away
		return m.leakBeside()
	}
	f := &sched.Failure{Kind: sched.Leak, Message: "the test has ended, and these goroutines can never go on: " + m.listed(isLeft), Site: m.standing(isLeft)}
	if m.seen.known(f) {
		return nil
	}
	f.Stack = m.waiting(isLeft)
	return f
}

// leakBeside makes the failure of a test after whose end some goroutines can never go on, although others might: those run, or wait for a
// timer or a file. Nobody who might go on reaches what the leaked ones wait for. It returns nil if there are none, or if the collector of
// this version of Go cannot tell.
func (m *mechanism) leakBeside() *sched.Failure {
	if m.play != nil || !m.ended() || m.run.HasFailed() || !m.any(mayBeLost) || !bubble.Reach() || !m.any(isLost) {
		return nil
	}
	bubble.Locate()
	f := &sched.Failure{
		Kind: sched.Leak, Site: m.standing(isLost),
		Message: "the test has ended, and these goroutines can never go on, because no other one reaches what they wait for: " + m.listed(isLost),
	}
	if m.seen.known(f) {
		return nil
	}
	f.Stack = m.waiting(isLost)
	return f
}

// Hopeless makes the failure of an execution whose first thread can never go on, although others might, such as a ticker's: no other one
// reaches what it waits for. It returns nil if that is not so, or not known.
func (m *mechanism) Hopeless() *sched.Failure {
	main := &m.threads[0]
	if m.play != nil || !mayBeLost(main) || !bubble.Reach() || !isLost(main) {
		return nil
	}
	bubble.Locate()
	return m.timed(&sched.Failure{
		Kind: sched.Deadlock, Site: m.standing(isLost), Stack: m.waiting(isLost),
		Message: "these goroutines can never go on, because no other one reaches what they wait for: " + m.listed(isLost),
	})
}

func (m *mechanism) any(is func(t *bubble.Thread) bool) bool {
	for i := range m.stands {
		if is(&m.threads[i]) {
			return true
		}
	}
	return false
}

func isBlocked(t *bubble.Thread) bool { return t.State == bubble.Blocked && !isIdle(t) }

// isIdle says whether a thread from before the execution has done nothing in it.
func isIdle(t *bubble.Thread) bool { return t.Before && t.PC == 0 }

// isLeft says whether a thread of the test itself has not ended.
func isLeft(t *bubble.Thread) bool { return t.State != bubble.Ended && !t.Before }

func isLost(t *bubble.Thread) bool { return isLeft(t) && isBlocked(t) && t.Lost }

// mayBeLost says whether a thread waits for another one.
func mayBeLost(t *bubble.Thread) bool {
	return isLeft(t) && isBlocked(t) && reason(t) != "sleep" && reason(t) != "IO wait"
}

const waitsOutside = "the test waits for what racewindow does not control"

// waiting returns the stacks of goroutines that wait.
func (m *mechanism) waiting(is func(t *bubble.Thread) bool) string {
	var text strings.Builder
	for i := range m.stands {
		if t := &m.threads[i]; is(t) {
			var pcs [64]uintptr
			fmt.Fprintf(&text, "goroutine %s [%s]:\n", m.Name(i), reason(t))
			printStack(&text, pcs[:bubble.Stack(i, pcs[:])])
		}
	}
	return text.String()
}

// printStack prints the functions of a stack except the runtime's. It returns the place of the user's innermost one, ""
// if there is none.
func printStack(text *strings.Builder, pcs []uintptr) (site string) {
	s := rendered.stack(pcs)
	text.WriteString(s.text)
	return s.site
}

func renderStack(pcs []uintptr) renderedStack {
	var text strings.Builder
	site := ""
	frames := runtime.CallersFrames(pcs)
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if isMachinery(frame.Function) {
			continue
		}
		fmt.Fprintf(&text, "%s\n\t%s:%d\n", frame.Function, frame.File, frame.Line)
		if site == "" && !isStandard(frame.File) {
			site = fmt.Sprintf("%s (%s:%d)", shortFunction(frame.Function), filepath.Base(frame.File), frame.Line)
		}
	}
	return renderedStack{text.String(), site}
}

// isMachinery says whether a stack leaves a function out: it belongs to the runtime, or to what executes the test.
func isMachinery(function string) bool {
	return function == "" || strings.HasPrefix(function, "runtime.") || strings.HasPrefix(function, "sync.(*WaitGroup).Go.") || // raises a panic again
		strings.HasPrefix(function, "testing.(*RacewindowRun)") ||
		strings.HasPrefix(function, "internal/racewindow/")
}

// live counts the threads of the test itself that have not ended.
func (m *mechanism) live() (n int) {
	for i := range m.stands {
		if isLeft(&m.threads[i]) {
			n++
		}
	}
	return n
}

// took counts the goroutines that took part in the execution.
func (m *mechanism) took() int {
	n := len(m.stands) - 1 // without the clock
	for i := range m.stands {
		if isIdle(&m.threads[i]) {
			n--
		}
	}
	return n
}

// known says whether the schedule without a switch has the same leak.
func (s *sights) known(f *sched.Failure) bool {
	if order.LeaksOK {
		return true
	}
	if s.leak == nil || s.leak.Class() != f.Class() {
		return false
	}
	s.leaked++
	return true
}

// Remaining lists the goroutines that have not ended, and where they are.
func (m *mechanism) Remaining() string {
	bubble.Locate()
	return m.listed(func(t *bubble.Thread) bool { return t.State != bubble.Ended && !isIdle(t) })
}

// mostReady is how many goroutines are named of those that could go on: nothing more is said of them.
const mostReady = 3

// listed says where goroutines are.
func (m *mechanism) listed(is func(t *bubble.Thread) bool) string {
	var words []string
	ready := 0
	for i := range m.stands {
		t := &m.threads[i]
		if m.play != nil && i == 0 {
			words = append(words, m.concluding(t)...)
			continue
		}
		if !is(t) {
			continue
		}
		switch t.State {
		case bubble.Blocked:
			words = append(words, m.Name(i)+" waits in "+waits(t)+m.heldBy(i))
		case bubble.Ready, bubble.Running:
			if ready++; ready <= mostReady {
				words = append(words, m.Name(i)+" could go on")
			}
		}
	}
	if more := ready - mostReady; more > 0 {
		words = append(words, fmt.Sprintf("%d more could go on", more))
	}
	return strings.Join(words, "; ")
}

// concluding says where a play's first thread stands after it has waited for the others: it closes what they used.
func (m *mechanism) concluding(t *bubble.Thread) (words []string) {
	switch {
	case m.play.Stage() != sched.HasPlayed || t.State == bubble.Ended:
		return nil
	case t.State == bubble.Blocked:
		return []string{"main waits in " + waits(t)}
	case t.PC == 0:
		return []string{"main could go on"}
	}
	frame := userFrame(t.PC)
	return []string{fmt.Sprintf("main stands in %s (%s:%d)", shortFunction(frame.Function), filepath.Base(frame.File), frame.Line)}
}

// waits says where a thread is blocked, and on what.
func waits(t *bubble.Thread) string {
	pc := t.At
	if pc == 0 {
		pc = t.PC
	}
	words := reason(t)
	if pc == 0 {
		return words
	}
	at := rendered.at(pc)
	return at.function + at.line + words
}

// reason says why a thread waits, without the runtime's mark of a wait inside a bubble.
func reason(t *bubble.Thread) string {
	return strings.TrimSuffix(bubble.Reason(t.Reason), " (durable)")
}

// standing tells deadlocks and leaks apart: the functions in which goroutines wait, and on what, without lines and
// numbers.
func (m *mechanism) standing(is func(t *bubble.Thread) bool) string {
	var words []string
	for i := range m.stands {
		if t := &m.threads[i]; is(t) {
			word := reason(t)
			if function := rendered.at(t.At).function; function != "" { // it may wait where no code of the user called it
				word = function + ": " + word
			}
			if !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}
