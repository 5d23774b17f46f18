// Timers from before the execution. While a bubble is open, those that its goroutines wait for, and those that a goroutine of the test
// touches, are timers of its clock (racewindow_before.go).

package runtime

import "unsafe"

// takeFunctions takes in the timers that call a function of the user, set with time.AfterFunc, and those of contexts. It says whether there
// were any.
func (c *racewindowBubble) takeFunctions() (any bool) {
	ts := &getg().m.p.ptr().timers
	for {
		var found *timer
		ts.lock()
		for _, w := range ts.heap {
			if t := w.timer; t.state&timerZombie == 0 && t.when > 0 && racewindowCallsUser(t) {
				found = t
				break
			}
		}
		ts.unlock()
		if found == nil {
			return any
		}
		any = true
		c.takeTimer(found, -1)
	}
}

// racewindowCallsUser says whether a timer calls a function of the user, or that which ends a context, in a goroutine of its own.
func racewindowCallsUser(t *timer) bool {
	if t.isChan || t.f == nil {
		return false
	}
	if f := findfunc(**(**uintptr)(unsafe.Pointer(&t.f))); !f.valid() || funcname(f) != "time.goFunc" {
		return false
	}
	called := findfunc(*(*uintptr)(efaceOf(&t.arg).data))
	if !called.valid() {
		return false
	}
	name := funcname(called)
	file, _ := funcline(called, called.entry())
	return racewindowPackage(name) == "context" || racewindowIsUsers(name, file)
}

// racewindowTouched is called when a goroutine looks at a timer's channel, stops the timer, or sets it again. If the timer was made outside,
// the bubble takes it in.
func racewindowTouched(t *timer) {
	gp := getg()
	c := racewindowOf(gp)
	if c == nil || gp == c.root || t.isFake || gp.m.curg != gp || gp.bubble != c.bubble {
		return
	}
	c.takeTimer(t, gp.racewindow)
}

// takeTimer makes a timer of real time one of the bubble's clock. It fires when as much time has passed as it was set for: how much of that
// has passed in reality is never the same twice.
func (c *racewindowBubble) takeTimer(t *timer, thread int32) {
	if t.isFake {
		return
	}
	racewindowUnheap(t)
	t.isFake = true
	if t.isChan {
		t.hchan().bubble = c.bubble
	}
	m := &t.racewindow
	m.taken, m.thread, m.op = true, thread, racewindowOpOf(t, t.period)
	length := m.length
	if t.period > 0 {
		length = t.period
	}
	if t.when > 0 {
		t.when = c.bubble.now + min(max(length, 1), maxWhen-c.bubble.now)
	}
	c.list(t)
	c.setAgain(t)
}

// setAgain puts a timer into the bubble's heap if it belongs there.
func (c *racewindowBubble) setAgain(t *timer) {
	gp := getg()
	own := gp.bubble
	gp.bubble = c.bubble
	t.maybeAdd()
	gp.bubble = own
}

// racewindowUnheap takes a timer out of the heap in which it is.
func racewindowUnheap(t *timer) {
	ts := t.ts
	if ts == nil {
		return
	}
	ts.lock()
	for i := range ts.heap {
		if ts.heap[i].timer != t {
			continue
		}
		t.lock()
		if t.state&timerZombie != 0 {
			ts.zombies.Add(-1)
		}
		t.state &^= timerHeaped | timerZombie | timerModified
		t.ts = nil
		last := len(ts.heap) - 1
		moved := ts.heap[last]
		ts.heap[last] = timerWhen{}
		ts.heap = ts.heap[:last]
		if i < last {
			ts.heap[i] = moved
			ts.siftUp(i)
			ts.siftDown(i)
		}
		ts.updateMinWhenHeap()
		t.unlock()
		break
	}
	ts.unlock()
}

func (c *racewindowBubble) letTimersGo() {
	for _, t := range c.timers {
		if t.isFake && c.isBefore(t) {
			c.letTimerGo(t)
		}
	}
}

// isBefore says whether a timer is of a goroutine that was started before the execution.
func (c *racewindowBubble) isBefore(t *timer) bool {
	m := &t.racewindow
	return m.taken || m.thread >= 0 && c.threads[m.thread].before
}

// letTimerGo makes a timer of the bubble's clock one of real time.
func (c *racewindowBubble) letTimerGo(t *timer) {
	racewindowUnheap(t)
	t.isFake, t.racewindow.taken, t.racewindow.listed = false, false, false
	if t.isChan {
		t.hchan().bubble = nil
	}
	if t.when > 0 {
		t.when = nanotime() + max(t.when-c.bubble.now, 1)
	}
	t.maybeAdd()
}

// racewindowLength returns for how long a timer of real time is set. The clock has gone on a little since the caller read it, so the length
// is rounded to two digits: it must be the same in each process.
func racewindowLength(when int64) int64 {
	length, unit := when-nanotime(), int64(1)
	for length/unit >= 100 {
		unit *= 10
	}
	return (min(length, maxWhen-unit) + unit/2) / unit * unit
}
