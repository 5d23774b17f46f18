// What the driver calls. Package internal/racewindow/bubble declares these functions.

package runtime

import (
	"internal/runtime/sys"
	"unsafe"
)

// racewindowOpen makes the caller the root of a controlled bubble in which f is the first goroutine. decide, if it is not nil, is
// called on the stack of a goroutine that has stopped at a point, and returns which one goes on, or -1 for the root's choice.
//
//go:linkname racewindowOpen
func racewindowOpen(f func(), decide func(thread int32) int32, seed uint64) *racewindowState {
	racewindowLocate()
	gp := getg()
	if gp.bubble != nil {
		panic("racewindow: a bubble is open already")
	}
	racewindowOthers()
	racewindowTimers()
	racewindowEmptyPools()
	b := &synctestBubble{id: bubbleGen.Add(1), total: 1, running: 1, root: gp, controlled: true}
	b.now = racewindowEpoch
	lockInit(&b.mu, lockRankSynctest)
	lockInit(&b.timers.mu, lockRankTimers)
	c := racewindowKept
	if c == nil {
		c = new(racewindowBubble)
	} else {
		racewindowKept, c.kept = c.kept, nil
	}
	for i := range c.threads[:c.n] {
		c.threads[i], c.gs[i], c.waits[i] = racewindowThread{}, nil, nil
	}
	c.bubble, c.root, c.decide = b, gp, decide
	c.seeded(seed)
	c.n, c.changes, c.timed = 0, 0, false
	c.last, c.want, c.chosen, c.io, c.readings, c.hurries = -1, -1, -1, 0, racewindowReadings{}, false
	c.alone, c.children, c.again = -1, 0, racewindowSelected{}
	c.parked, c.off, c.over, c.ended, c.hasBefore = false, false, false, false, false
	c.outcome = racewindowOutcome{}
	b.racewindow, gp.bubble, racewindowLatest = c, b, b
	pc := sys.GetCallerPC()
	systemstack(func() {
		fv := *(**funcval)(unsafe.Pointer(&f))
		b.main = newproc1(fv, gp, pc, false, waitReasonZero)
		racewindowSpawned(b.main, gp, pc)
		if s := &racewindowStarter; s.pc != 0 {
			b.main.gopc, b.main.parentGoid = s.pc, s.goid
		}
	})
	c.threads[racewindowClock] = racewindowThread{state: racewindowEnded, parent: -1}
	c.n = racewindowClock + 1
	c.takeIn()
	return &c.racewindowState
}

// racewindowStarter is who has started the goroutine of the test, which stacks show.
var racewindowStarter struct {
	pc   uintptr
	goid uint64
}

// racewindowStarted is called by the goroutine of a test.
//
//go:linkname racewindowStarted
func racewindowStarted() {
	gp := getg()
	racewindowStarter.pc, racewindowStarter.goid = gp.gopc, gp.parentGoid
}

// racewindowCatcher is the goroutine whose next go statement starts nothing, and racewindowGone the function of that statement.
var (
	racewindowCatcher *g
	racewindowGone    *funcval
)

//go:linkname racewindowCatch
func racewindowCatch() { racewindowCatcher = getg() }

// racewindowCatches says whether the go statement at a return address is the one that starts nothing. The first collection of a process may
// begin before it, because its function is allocated, and starts goroutines of its own.
func racewindowCatches(pc uintptr) bool {
	if racewindowLife == 0 && funcname(findfunc(pc)) == "testing.(*RacewindowRun).Life" {
		racewindowLife = pc
	}
	return pc == racewindowLife
}

// racewindowLife is the return address of that go statement, once it is known.
var racewindowLife uintptr

// racewindowCaught returns the function of the caller's last go statement, for racewindowOpen. The compiler has wrapped the call in it, and
// stack traces leave such a wrapper out.
//
//go:linkname racewindowCaught
func racewindowCaught() (f func()) {
	*(**funcval)(unsafe.Pointer(&f)), racewindowGone = racewindowGone, nil
	return f
}

// racewindowOthers lets goroutines outside of any bubble run, and the garbage collector.
func racewindowOthers() {
	if !runqempty(getg().m.p.ptr()) || !sched.runq.empty() || gcBlackenEnabled != 0 {
		Gosched()
	}
}

// racewindowEmptyPools empties every sync.Pool, so that one execution finds nothing of an earlier one. It empties twice, because a pool keeps
// its content for one more collection. No operation on a pool is in progress: it would hold its processor, and there is only one.
func racewindowEmptyPools() {
	if poolcleanup != nil {
		mp := acquirem()
		poolcleanup()
		poolcleanup()
		releasem(mp)
	}
}

// racewindowKeepsPools says whether a collection leaves pools as they are. In a controlled bubble it must, because collections come at
// different moments in each execution.
func racewindowKeepsPools() bool {
	return racewindowLatest != nil && racewindowLatest.racewindow != nil
}

// racewindowResume lets a thread go on. It returns the thread that gives the token back, because it stops at a point, waits, or ends.
//
//go:linkname racewindowResume
func racewindowResume(thread int32) (stopped int32) {
	c := getg().bubble.racewindow
	c.want = thread
	mcall(racewindowRootRuns)
	return c.last
}

// racewindowChoose says which of the ready cases the select that has stopped takes.
//
//go:linkname racewindowChoose
func racewindowChoose(nth int32) { getg().bubble.racewindow.chosen = nth }

// racewindowNext returns when the bubble's next timer fires, 0 for never, and the time on the bubble's clock. After all of the test's
// goroutines have ended, timers from before the execution do not count.
//
//go:linkname racewindowNext
func racewindowNext() (when, now int64) {
	b := getg().bubble
	if c := b.racewindow; c.hasBefore && c.ended && !c.anyLeft() {
		return c.nextOfTest(), b.now
	}
	return b.timers.wakeTime(), b.now
}

// racewindowAdvance moves the clock, and lets the timers fire that are due.
//
//go:linkname racewindowAdvance
func racewindowAdvance(to int64) {
	gp := getg()
	if c := gp.bubble.racewindow; to > gp.bubble.now && !c.hurries {
		c.readings = racewindowReadings{}
	}
	racewindowPasses(gp.bubble, to)
}

// racewindowPasses fires the timers of a bubble that are due at the given time.
func racewindowPasses(b *synctestBubble, to int64) {
	gp := getg()
	b.now = max(b.now, to)
	systemstack(func() {
		// Timers' goroutines inherit the context of the race detector from g0.
		curg := gp.m.curg
		gp.m.curg = nil
		b.timers.check(b.now, b)
		gp.m.curg = curg
	})
}

// racewindowPoll makes threads ready whose files are ready, and lets goroutines outside of the bubble run. It says whether any thread has
// ever waited for a file. Nobody else polls files meanwhile, neither the scheduler nor sysmon. So which threads are ready depends on what
// threads have done, and not on the moment.
//
//go:linkname racewindowPoll
func racewindowPoll() (io bool) {
	c := getg().bubble.racewindow
	if !netpollinited() || !netpollAnyWaiters() {
		return c.io > 0
	}
	systemstack(func() {
		for sched.lastpoll.Load() == 0 {
			netpollBreak()
			osyield()
		}
		if sched.pollingNet.Swap(1) == 0 {
			list, delta := netpoll(0)
			sched.pollingNet.Store(0)
			injectglist(&list)
			netpollAdjustWaiters(delta)
			sched.lastpoll.Store(nanotime())
		}
	})
	return c.io > 0
}

// racewindowPause lets others run for a moment, in real time.
//
//go:linkname racewindowPause
func racewindowPause(microseconds uint32) {
	if microseconds > 0 {
		systemstack(func() { usleep(microseconds) })
	}
	mcall(gosched_m)
}

// racewindowBlockedAt finds the user's function in which each blocked thread waits.
//
//go:linkname racewindowBlockedAt
func racewindowBlockedAt() {
	c := getg().bubble.racewindow
	for i := range c.threads[:c.n] {
		t := &c.threads[i]
		if t.state != racewindowBlocked {
			continue
		}
		gp := c.gs[i]
		t.at = racewindowStands(gp.sched.bp)
		switch s := gp.waiting; {
		case s == nil:
		case s.waitlink != nil: // a select: its channels are in the order of their addresses, which differ in the next execution
			t.addr = 0
		default:
			t.addr = racewindowElement(s)
			if ch := racewindowChannel(s); ch != nil {
				t.addr = uintptr(unsafe.Pointer(ch))
			}
		}
	}
}

// racewindowStack writes the stack of a thread that does not run, the innermost caller first, and returns its depth.
//
//go:linkname racewindowStack
func racewindowStack(thread int32, pcs []uintptr) (n int32) {
	gp := getg().bubble.racewindow.gs[thread]
	systemstack(func() { n = int32(gcallers(gp, 0, pcs)) })
	return n
}

// racewindowFrame returns the user's innermost function at a return address, where several may be inlined.
//
//go:linkname racewindowFrame
func racewindowFrame(pc uintptr) (function, file string, line int) {
	f := findfunc(pc)
	if !f.valid() {
		return "", "", 0
	}
	for u, uf := newInlineUnwinder(f, pc-1); uf.valid(); uf = u.next(uf) {
		function = u.srcFunc(uf).name()
		file, line = u.fileLine(uf)
		if racewindowIsUsers(function, file) {
			break
		}
	}
	return function, file, line
}

// racewindowReason returns a wait reason in words.
//
//go:linkname racewindowReason
func racewindowReason(number uint8) string { return waitReason(number).String() }

// racewindowClose ends the bubble: threads that have not ended are freed.
//
//go:linkname racewindowClose
func racewindowClose(o *racewindowOutcome) {
	gp := getg()
	b := gp.bubble
	c := b.racewindow
	c.over = true
	racewindowJoin(gp, c)
	if c.children > 0 {
		c.outcome.beside += b.now - c.since
	}
	*o = c.outcome
	c.finish()
	c.letGo()
	for i := range c.threads[:c.n] {
		if c.threads[i].state != racewindowEnded {
			c.drop(i)
		}
	}
	for _, inner := range c.inner {
		inner.racewindow = nil
	}
	clear(c.inner)
	clear(c.timers)
	clear(c.deadlines)
	c.inner, c.timers, c.deadlines = c.inner[:0], c.timers[:0], c.deadlines[:0]
	b.racewindow, gp.bubble = nil, nil
	c.bubble, c.root, c.decide, c.outcome = nil, nil, nil, racewindowOutcome{}
	c.kept, racewindowKept = racewindowKept, c
}

// racewindowOver says that no thread goes on any more: one has panicked, or something cannot be controlled.
//
//go:linkname racewindowOver
func racewindowOver() bool { return getg().bubble.racewindow.over }

// The rest runs on g0 and passes the token.

func racewindowRootRuns(gp *g) {
	c := gp.bubble.racewindow
	gp.waitreason = waitReasonSynctestRun
	casgstatus(gp, _Grunning, _Gwaiting)
	dropg()
	c.parked = true
	c.run(c.want)
}

// racewindowSwitch takes the token from a thread that could go on.
func racewindowSwitch(gp *g) {
	c := gp.bubble.racewindow
	casgstatus(gp, _Grunning, _Grunnable)
	dropg()
	c.threads[gp.racewindow].state = racewindowReady
	if c.want < 0 {
		c.toRoot()
	}
	c.run(c.want)
}

func (c *racewindowBubble) run(thread int32) {
	c.threads[thread].state = racewindowRunning
	racewindowExecute(c.gs[thread])
}

func (c *racewindowBubble) toRoot() {
	if !c.parked {
		throw("racewindow: the root of a bubble is not parked")
	}
	c.parked = false
	casgstatus(c.root, _Gwaiting, _Grunnable)
	racewindowExecute(c.root)
}

// racewindowExecute switches to a goroutine, through the scheduler only where that has something else to do.
func racewindowExecute(gp *g) {
	mp := getg().m
	if gp.lockedm == 0 && mp.lockedg == 0 && !sched.gcwaiting.Load() && !mp.p.ptr().preempt {
		execute(gp, true)
	}
	runqput(mp.p.ptr(), gp, true)
	schedule()
}
