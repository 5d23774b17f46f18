// Goroutines that were started before the execution, by the initialization of a package or by TestMain: workers of a package-level pool,
// caches that expire, writers that flush. Tests hand work to them and wait for them. So a bubble takes them in when it opens: they are
// threads of the execution like others, and the timers that they wait for are timers of its clock. When it closes, it lets go of those that
// wait, and they go on in the next execution.
//
// The test has not started them. So they are no leak. What they wait for does not fire early, nor after all goroutines of the test have
// ended.

package runtime

// takeIn makes threads of the goroutines that wait outside of any bubble. One that runs, or waits for a file, stays outside, and so does
// one in which no code of the user is called.
func (c *racewindowBubble) takeIn() {
	if racewindowNoOthers {
		return
	}
	racewindowSettleOthers()
	racewindowNoOthers = true
	forEachGRace(func(gp *g) {
		if racewindowNoOthers && gp != c.root && !racewindowIsNoOther(gp) {
			racewindowNoOthers = false
		}
		if gp != c.root && racewindowIsBefore(gp) && c.n < racewindowMost/2 {
			id := c.n
			c.n++
			c.threads[id] = racewindowThread{op: racewindowOpBlocked, entry: gp.startpc, started: gp.gopc, parent: -1, before: true}
			c.take(gp, id)
		}
	})
	c.inOrder()
	if c.takeFunctions() {
		racewindowNoOthers = false
	}
}

// inOrder puts the goroutines that wait for the same channel in the order of their numbers. Which of a pool's workers comes first would
// otherwise depend on earlier executions, and in a new process on the threads of the operating system.
func (c *racewindowBubble) inOrder() {
	for i := range c.threads[:c.n] {
		if gp := c.gs[i]; gp != nil && c.threads[i].before {
			for s := gp.waiting; s != nil; s = s.waitlink {
				if ch := racewindowChannel(s); ch != nil && ch.recvq.first == s {
					lock(&ch.lock)
					c.sort(&ch.recvq)
					unlock(&ch.lock)
				}
			}
		}
	}
}

// sort sorts a queue, which is nearly sorted in most cases. Goroutines outside of the bubble come first.
func (c *racewindowBubble) sort(q *waitq) {
	number := func(s *sudog) int32 {
		if s.g.bubble != c.bubble {
			return -1
		}
		return s.g.racewindow
	}
	for s, next := q.first.next, (*sudog)(nil); s != nil; s = next {
		next = s.next
		before := s.prev
		for before != nil && number(before) > number(s) {
			before = before.prev
		}
		if before == s.prev {
			continue
		}
		q.dequeueSudoG(s)
		after := q.first
		if before != nil {
			after = before.next
		}
		s.prev, s.next, after.prev = before, after, s
		if before == nil {
			q.first = s
		} else {
			before.next = s
		}
	}
}

// racewindowNoOthers says that a bubble need not look for goroutines from before: there were none, and none has been started since.
var racewindowNoOthers bool

// racewindowMain is the number of the goroutine that runs TestMain.
const racewindowMain = 1

// racewindowIsNoOther says whether a goroutine belongs to the runtime, to package testing or to a driver. It never calls the user's code
// outside of a bubble, but for that of goroutines that it starts.
func racewindowIsNoOther(gp *g) bool {
	if status := readgstatus(gp) &^ _Gscan; status == _Gdead || status == _Gidle || gp.goid == racewindowMain || isSystemGoroutine(gp, false) {
		return true
	}
	f := findfunc(gp.startpc)
	if !f.valid() {
		return false
	}
	const driver = "internal/racewindow/"
	pkg := racewindowPackage(funcname(f))
	return pkg == "testing" || pkg == "runtime" || pkg == "os/signal" || racewindowIsHarness(pkg) || len(pkg) > len(driver) && pkg[:len(driver)] == driver
}

// racewindowOther notes that a goroutine has been started outside of any bubble.
func racewindowOther(newg *g) {
	if racewindowNoOthers && !racewindowIsNoOther(newg) {
		racewindowNoOthers = false
	}
}

// racewindowUnsettled says that goroutines outside of any bubble may be on their way to where they wait: the program has just begun, or a
// bubble has let go of some that could go on.
var racewindowUnsettled = true

// racewindowSettleOthers lets goroutines outside of any bubble run until they wait, with a bound for one that never does.
func racewindowSettleOthers() {
	for i := 0; i < 64 && racewindowUnsettled && !runqempty(getg().m.p.ptr()); i++ {
		Gosched()
	}
	racewindowUnsettled = false
}

// racewindowIsBefore says whether a bubble takes in a goroutine.
func racewindowIsBefore(gp *g) bool {
	if gp.bubble != nil || readgstatus(gp) != _Gwaiting || !racewindowWaits(gp.waitreason) || gp.waitreason == waitReasonIOWait {
		return false
	}
	if gp.goid == racewindowMain || gp.lockedm != 0 || racewindowStands(gp.sched.bp) == 0 {
		return false
	}
	f := findfunc(gp.startpc)
	return f.valid() && funcname(f) != "testing.tRunner"
}

// take makes a goroutine that waits the thread with a number.
func (c *racewindowBubble) take(gp *g, id int32) {
	c.hasBefore = true
	gp.bubble, gp.racewindow, gp.tracking = c.bubble, id, false
	c.gs[id] = gp
	t := &c.threads[id]
	t.state, t.reason, t.at = racewindowBlocked, uint8(gp.waitreason), racewindowStands(gp.sched.bp)
	if gp.timer != nil {
		c.takeTimer(gp.timer, id)
	}
	for s := gp.waiting; s != nil; s = s.waitlink {
		if ch := racewindowChannel(s); ch != nil && ch.timer != nil {
			c.takeTimer(ch.timer, id)
		}
	}
}

// letGo takes the goroutines that the bubble has taken in, and those that they have started, out of it. Those that could go on do so
// outside.
func (c *racewindowBubble) letGo() {
	if !c.hasBefore {
		return
	}
	c.letTimersGo()
	for i := range c.threads[:c.n] {
		t, gp := &c.threads[i], c.gs[i]
		if !t.before || t.state == racewindowEnded || gp == nil {
			continue
		}
		if gp.timer != nil && gp.timer.isFake {
			c.letTimerGo(gp.timer)
		}
		gp.bubble, gp.racewindow = nil, 0
		c.gs[i], c.waits[i] = nil, nil
		if t.state == racewindowReady {
			systemstack(func() { runqput(getg().m.p.ptr(), gp, false) })
			racewindowUnsettled = true
		}
		t.state = racewindowEnded
	}
}

// lend lets go of the goroutines that wait, until takeBack, so that another bubble may take them in meanwhile. Those that could go on do so
// first, until they wait.
func (c *racewindowBubble) lend() {
	if !c.hasBefore {
		return
	}
	for range racewindowFruitless {
		if !c.finishBefore() {
			break
		}
	}
	c.letTimersGo()
	for i := range c.threads[:c.n] {
		if t, gp := &c.threads[i], c.gs[i]; t.before && t.state == racewindowBlocked && gp.waitreason != waitReasonIOWait {
			gp.bubble = nil
		}
	}
}

// finishBefore lets one of the threads from before that could go on do so until it waits. It says whether there was one.
func (c *racewindowBubble) finishBefore() bool {
	for i := int32(0); i < c.n && !c.over; i++ {
		if c.threads[i].before && c.threads[i].state == racewindowReady {
			c.alone = i
			racewindowResume(i)
			c.alone = -1
			return true
		}
	}
	return false
}

// takeBack takes in again what lend has let go, and what has been started since. A goroutine that does not wait stays outside.
func (c *racewindowBubble) takeBack() {
	racewindowSettleOthers()
	for i := range c.threads[:c.n] {
		t, gp := &c.threads[i], c.gs[i]
		switch {
		case !t.before || t.state != racewindowBlocked || gp.bubble != nil:
		case racewindowIsBefore(gp):
			c.take(gp, int32(i))
		default:
			t.state, c.gs[i] = racewindowEnded, nil
		}
	}
	c.takeIn()
}

// racewindowLeftSteps bounds finish.
const racewindowLeftSteps = 4096

// finish lets the threads of an execution that was broken off go on until they wait. Otherwise one of them might hold a lock of the package
// for ever, and goroutines from before would wait for it in all later executions. What they do is no part of the execution. The race
// detector would report it.
func (c *racewindowBubble) finish() {
	if !c.hasBefore || raceenabled || c.outcome.dying || c.outcome.refused {
		return
	}
	c.over, c.decide = false, nil
	next := int32(0)
	for range racewindowLeftSteps {
		i := c.readyAfter(next)
		if i < 0 || c.over {
			break
		}
		c.chosen, next = 0, i+1
		racewindowResume(i)
	}
	c.over = true
}

// readyAfter returns the first thread that could go on, counted from one on; -1 for none.
func (c *racewindowBubble) readyAfter(from int32) int32 {
	for n := range c.n {
		if i := (from + n) % c.n; c.threads[i].state == racewindowReady {
			return i
		}
	}
	return -1
}

// anyLeft says whether a thread of the test itself has not ended.
func (c *racewindowBubble) anyLeft() bool {
	for i := range c.threads[:c.n] {
		if t := &c.threads[i]; !t.before && t.state != racewindowEnded {
			return true
		}
	}
	return false
}
