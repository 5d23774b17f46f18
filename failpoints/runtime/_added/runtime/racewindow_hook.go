// What the scheduler asks before it does something with a goroutine of a controlled bubble.

package runtime

import _ "unsafe" // for go:linkname

// racewindowWaits says whether a wait is ended by another goroutine of the bubble, its clock or the network. During other waits, for the
// garbage collector or the system, a goroutine keeps the token.
func racewindowWaits(r waitReason) bool {
	switch r {
	case waitReasonChanReceiveNilChan, waitReasonChanSendNilChan, waitReasonSelect, waitReasonSelectNoCases,
		waitReasonChanReceive, waitReasonChanSend, waitReasonSleep, waitReasonSemacquire, waitReasonIOWait,
		waitReasonSyncCondWait, waitReasonSyncMutexLock, waitReasonSyncRWMutexRLock, waitReasonSyncRWMutexLock,
		waitReasonSyncWaitGroupWait, waitReasonSynctestWaitGroupWait, waitReasonSynctestChanReceive,
		waitReasonSynctestChanSend, waitReasonSynctestSelect, waitReasonSynctestRun, waitReasonSynctestWait:
		return true
	}
	return false
}

// racewindowParking is called before a goroutine parks. Whoever ends the wait may do so before racewindowParked is called.
func racewindowParking(gp *g) *racewindowBubble {
	c := racewindowOf(gp)
	if c == nil || gp == c.root || !racewindowWaits(gp.waitreason) {
		return nil
	}
	t := &c.threads[gp.racewindow]
	lock(&c.mu)
	t.state, t.reason = racewindowBlocked, uint8(gp.waitreason)
	c.changes++
	if gp.waitreason == waitReasonIOWait {
		c.io++
		c.waits[gp.racewindow] = gp.m.waitlock
	}
	unlock(&c.mu)
	return c
}

// racewindowUnparking is called if the goroutine does not park after all.
func racewindowUnparking(gp *g, c *racewindowBubble) {
	c.threads[gp.racewindow].state = racewindowRunning
	c.changes++
}

// racewindowParked passes the token on. It does not return.
func racewindowParked(gp *g, c *racewindowBubble) {
	if c.alone == gp.racewindow {
		c.alone = -1
	}
	c.threads[gp.racewindow].op = racewindowOpBlocked
	c.last = gp.racewindow
	racewindowIdle(gp)
	c.toRoot()
}

// racewindowReadied says whether a goroutine that is made ready goes into the driver's list instead of a run queue.
func racewindowReadied(gp *g) bool {
	c := racewindowOf(gp)
	if c == nil || gp == c.root {
		return false
	}
	t := &c.threads[gp.racewindow]
	lock(&c.mu)
	taken := t.state == racewindowBlocked
	if taken {
		casgstatus(gp, _Gwaiting, _Grunnable)
		t.state = racewindowReady
		c.changes++
		if by := getg().m.curg; by != nil && racewindowOf(by) != c {
			c.outcome.outside = true
		}
	}
	unlock(&c.mu)
	return taken
}

// racewindowPolled is racewindowReadied for a goroutine whose file is ready.
func racewindowPolled(toRun *gList, gp *g) {
	if c := racewindowOf(gp); c != nil && gp != c.root {
		t := &c.threads[gp.racewindow]
		lock(&c.mu)
		taken := t.state == racewindowBlocked
		if taken {
			casgstatus(gp, _Gwaiting, _Grunnable)
			t.state = racewindowReady
			c.changes++
		}
		unlock(&c.mu)
		if taken {
			return
		}
	}
	toRun.push(gp)
}

// racewindowSpawned numbers a new goroutine. It runs on the system stack.
func racewindowSpawned(newg, parent *g, callerpc uintptr) bool {
	c := racewindowOf(newg)
	if c == nil {
		return false
	}
	lock(&c.mu)
	if c.n == racewindowMost {
		unlock(&c.mu)
		c.refuse("more than 8192 goroutines in one execution")
		return true // it never runs
	}
	id := c.n
	c.n++
	c.changes++
	c.gs[id] = newg
	c.threads[id] = racewindowThread{state: racewindowReady, op: racewindowOpStart, entry: newg.startpc, started: callerpc, parent: -1, late: c.ended}
	switch t := &c.threads[id]; {
	case parent == c.root:
	case parent.m != nil && parent == parent.m.curg:
		t.parent = parent.racewindow
	default: // a timer starts it
		t.parent, t.started, t.before = c.firing.thread, c.firing.pc, c.firing.taken
	}
	if t := &c.threads[id]; t.parent >= 0 {
		t.before = c.threads[t.parent].before
	}
	newg.racewindow, newg.tracking = id, false
	unlock(&c.mu)
	return true
}

// racewindowGo makes the go statement a point, after the new goroutine exists.
//
//go:noinline
func racewindowGo() {
	gp := getg()
	c := racewindowOf(gp)
	if c == nil || gp == c.root || c.off || gp.m.curg != gp {
		return
	}
	fp := getfp()
	pc, counts := racewindowCaller(fp, racewindowStatement)
	if !counts {
		pc = racewindowStands(fp) // the user's function that called the function with the go statement, such as sync.WaitGroup.Go
	}
	if t := &c.threads[c.n-1]; t.parent == gp.racewindow && t.op == racewindowOpStart && t.state == racewindowReady {
		t.started = pc
	}
	if !counts || !racewindowMayStop(gp) {
		return
	}
	if c.over {
		racewindowLeave()
		return
	}
	c.stop(gp, racewindowOpGo, 0, pc, 0)
}

// racewindowExited passes the token on after a goroutine has ended. It does not return.
func racewindowExited(c *racewindowBubble, id int32, main bool) {
	t := &c.threads[id]
	t.state, t.op = racewindowEnded, racewindowOpEnd
	c.changes++
	c.gs[id] = nil
	c.ended = c.ended || main
	c.last = id
	c.toRoot()
}

// racewindowGosched is runtime.Gosched in a controlled bubble, where it is a point.
//
//go:noinline
func racewindowGosched() bool {
	gp := getg()
	c := racewindowOf(gp)
	if c == nil || gp == c.root || c.off {
		return false
	}
	c.point(gp, racewindowOpGosched, 0, getfp(), racewindowStatement)
	return true
}

// racewindowSwitched notes that a coroutine takes the place of the goroutine that resumes it.
func racewindowSwitched(gnext *g, id int32) {
	gnext.racewindow = id
	if c := racewindowOf(gnext); c != nil {
		setGNoWB(&c.gs[id], gnext)
	}
}

// racewindowDying is called before a panic or a fatal error ends the process. In a controlled bubble it ends the execution instead.
func racewindowDying(arg any, message string) {
	gp := getg()
	c := racewindowOf(gp)
	if c == nil || gp == c.root || gp.m.curg != gp {
		return
	}
	if !c.over {
		o := &c.outcome
		o.dying, o.arg, o.message, o.thread = true, arg, message, gp.racewindow
		o.depth = callers(1, o.pcs[:])
		c.over = true
	}
	racewindowUnignore(gp)
	if message == "" {
		runningPanicDefers.Add(-1)
	}
	goexit1()
}

// racewindowExiting is racewindowDying for os.Exit.
//
//go:linkname racewindowExiting
func racewindowExiting(code int) {
	if gp := getg(); racewindowOf(gp) != nil {
		racewindowDying(nil, "os.Exit("+string(itoa(make([]byte, 20), uint64(max(code, 0))))+") ends the process")
	}
}

// racewindowApart starts a goroutine that is in no bubble.
//
//go:linkname racewindowApart
func racewindowApart(f func()) {
	gp := getg()
	bubble := gp.bubble
	gp.bubble = nil
	go f()
	gp.bubble = bubble
}

// racewindowLatest is the controlled bubble that was opened last.
var racewindowLatest *synctestBubble

// racewindowOutside judges the use of a bubble's object by a goroutine outside of that bubble:
//   - A goroutine of another controlled bubble has the object from an earlier execution. So the test keeps state, and is refused.
//   - Within one execution the rule of testing/synctest holds: an object of one of its bubbles must not be used outside.
//   - Goroutines outside of all bubbles may use it; that is noted.
func racewindowOutside(b *synctestBubble) bool {
	if b == nil || !b.controlled {
		return false
	}
	gp := getg()
	c := racewindowOf(gp)
	inside := c != nil && gp != c.root && gp.m.curg == gp
	switch {
	case inside && b.racewindow == c && b.inner:
		racewindowDying(nil, "an object of a bubble of testing/synctest is used from outside of it")
	case inside && b.racewindow != c:
		c.refuse("a channel, lock or timer of an earlier execution is used: there is state outside of the test")
		goexit1()
	}
	if c := b.racewindow; c != nil && c != racewindowOf(gp) {
		c.outcome.outside = true
	}
	return true
}
