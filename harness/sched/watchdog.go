package sched

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// The watchdog ends a process in which a thread blocks where the scheduler cannot see it. It decides no verdict.

// watch ends the process when no thread stops for too long. It returns a function that ends the watch.
func (w *worker) watch(hang time.Duration) (stop func()) {
	end := make(chan struct{})
	go func() {
		tick := time.NewTicker(max(hang/ticksOfHang, time.Millisecond))
		defer tick.Stop()
		still := stillness{seen: w.mark()}
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				if still.lasts(w.mark(), w.idle.Load()) {
					w.hung(hang)
				}
			}
		}
	}()
	return func() { close(end) }
}

// ticksOfHang is how many ticks make the time after which a thread hangs.
const ticksOfHang = 8

// A stillness counts the ticks since anything has happened. It goes by ticks and not by the clock: while a debugger or a busy host holds
// the process, the clock goes on, and neither its threads nor its ticker do.
type stillness struct {
	seen  [3]uint64
	ticks int
}

// lasts says at a tick whether nothing has happened for too long. Where a worker is idle, nothing need happen.
func (s *stillness) lasts(mark [3]uint64, idle bool) bool {
	if mark != s.seen || idle {
		s.seen, s.ticks = mark, 0
		return false
	}
	s.ticks++
	return s.ticks > ticksOfHang
}

// mark changes whenever anything happens. It reads without a lock what another goroutine writes; a torn read counts as a change.
//
//go:norace
func (w *worker) mark() [3]uint64 {
	between := uint64(0)
	if count := w.chooser.progress.Load(); count != nil {
		between = (*count)()
	}
	return [3]uint64{w.runs.Load(), uint64(len(w.chooser.trace)), between}
}

// exit is a variable for tests. The process must end, because a thread that hangs cannot be stopped.
var exit = os.Exit

var beforeExit atomic.Pointer[func(report string)]

// OnHang sets a function that is called, with the printed report, before a process ends because a thread hangs, so that it can
// report elsewhere; nil for none. The thread still hangs meanwhile. It returns the function that was set before.
func OnHang(do func(report string)) (before func(report string)) {
	if p := beforeExit.Swap(&do); p != nil {
		before = *p
	}
	return before
}

func (w *worker) hung(hang time.Duration) {
	hangs := w.mechanism.Running()
	if hangs.Problem != "" {
		fmt.Fprintln(os.Stderr, "racewindow:", hangs.Problem)
	}
	text := w.hangReport(hang, hangs)
	fmt.Fprint(os.Stderr, "racewindow: ", text)
	if do := beforeExit.Load(); do != nil && *do != nil {
		(*do)(text)
	}
	exit(3)
}

// hangReport says which thread hangs, since which marker, on which schedule and where. It reads without a lock, because the thread
// that hangs writes nothing.
//
//go:norace
func (w *worker) hangReport(hang time.Duration, hangs Running) string {
	c := &w.chooser
	var text strings.Builder
	fmt.Fprintf(&text, "no thread has come to %s for %v: %s blocks where the scheduler cannot see it, or loops%s.\n%s", hangs.Point, hang, hangs.Who, hangs.Since, hangs.Advice)
	c.failedMu.Lock()
	if c.closed && c.failure != nil {
		fmt.Fprintf(&text, "A failure had been found before, and the thread was being ended: %v\n", c.failure)
	}
	c.failedMu.Unlock()
	schedule, _ := c.schedule()
	fmt.Fprintf(&text, "schedule so far: %s\n", quoted(schedule.String()))
	if w.test != "" {
		fmt.Fprintf(&text, "replay: %s\n", replayCommand(w.test, schedule))
	}
	fmt.Fprintf(&text, "\n%s\n", hangs.Stack)
	return text.String()
}

// markersAdvice is for code with markers, and for code that has none.
const markersAdvice = "What another thread holds or sends must be waited for with failpoints.Lock, Receive, Sleep or Cond; a goroutine is started with failpoints.Go;\n" +
	"a loop needs a marker; work that only takes long needs a longer Options.Hang (in a test that explores: -" + hangFlag + "=1m).\n" +
	"Code without markers is explored as it is by 'racewindow explore', which sees all waits.\n"

// Running reads without a lock too.
//
//go:norace
func (x *markers) Running() Running {
	r := Running{Who: "one of them", Stack: hangingStacks(), Problem: x.stray.seen(), Point: "a failpoint", Advice: markersAdvice}
	if t := x.upcoming; t != nil {
		r.Who, r.Since = "thread "+t.name, t.lastStop()
	}
	return r
}

// lastStop names the stop that the thread left last.
//
//go:norace
func (t *thread) lastStop() string {
	p := t.at.point
	switch {
	case p == nil && t.at.kind == atOp:
		return fmt.Sprintf(", in its operation %d", t.ops)
	case p == nil:
		return ", since its start"
	}
	file, line := p.Position()
	if line == 0 {
		return ", since it passed " + p.Name()
	}
	return fmt.Sprintf(", since it passed %s (%s:%d)", p.Name(), file, line)
}

// hangingStacks returns the stacks of the threads that run; of all goroutines, if no thread does.
func hangingStacks() string {
	buffer := make([]byte, 4<<20)
	all := string(buffer[:runtime.Stack(buffer, true)])
	var running []string
	for stack := range strings.SplitSeq(all, "\n\n") {
		if strings.Contains(stack, "sched.(*thread).run(") && !strings.Contains(stack, "sched.(*thread).handOver(") {
			running = append(running, stack)
		}
	}
	if len(running) == 0 {
		return "All goroutines:\n\n" + all
	}
	return strings.Join(running, "\n\n")
}
