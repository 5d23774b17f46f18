// testing/synctest inside of a controlled bubble. Its goroutines are threads of the controlled bubble like all others. They also have a bubble
// of their own: that has its own clock, which moves only when all of them wait, and its objects must not be used outside. Run and Wait
// wait as threads do, and racewindowSettle says when they go on.

package runtime

import (
	"internal/runtime/sys"
	"unsafe"
)

// racewindowMidnight is where the clocks of testing/synctest begin, by its documentation: midnight UTC 2000-01-01, in nanoseconds.
const racewindowMidnight = 946684800000000000

// racewindowSynctest is internal/synctest.Run.
func racewindowSynctest(c *racewindowBubble, f func()) {
	gp := getg()
	outer := gp.bubble
	b := &synctestBubble{id: bubbleGen.Add(1), total: 1, running: 1, root: gp, racewindow: c, controlled: true, inner: true}
	b.now = racewindowMidnight
	lockInit(&b.mu, lockRankSynctest)
	lockInit(&b.timers.mu, lockRankTimers)
	c.inner = append(c.inner, b)
	gp.bubble = b
	defer func() { gp.bubble = outer }()
	pc := sys.GetCallerPC()
	systemstack(func() {
		fv := *(**funcval)(unsafe.Pointer(&f))
		b.main = newproc1(fv, gp, pc, false, waitReasonZero)
		racewindowSpawned(b.main, gp, 0)
	})
	gopark(nil, nil, waitReasonSynctestRun, traceBlockSynctest, 0)
	racewindowAcquire(gp, b)
	b.main = nil
	if b.total > 1 {
		reason := "deadlock: all goroutines in bubble are blocked"
		if b.done {
			reason = "deadlock: main bubble goroutine has exited but blocked goroutines remain"
		}
		panic(synctestDeadlockError{reason: reason, bubble: b})
	}
}

// racewindowSynctestWait is internal/synctest.Wait.
func racewindowSynctestWait() {
	gp := getg()
	b := gp.bubble
	switch {
	case !b.inner:
		panic("goroutine is not in a bubble")
	case b.waiting:
		panic("wait already in progress")
	}
	b.waiting, b.waiter = true, gp
	gopark(nil, nil, waitReasonSynctestWait, traceBlockSynctest, 0)
	b.waiting, b.waiter = false, nil
	racewindowAcquire(gp, b)
}

// racewindowIsMain says whether a goroutine that ends is the first one of the controlled bubble.
func racewindowIsMain(gp *g, c *racewindowBubble) bool {
	b := gp.bubble
	if b.main != gp {
		return false
	}
	b.done = true
	return b == c.bubble
}

// racewindowSettle is called when bubbles of testing/synctest may have come to rest. In a bubble at rest it wakes the goroutine in Wait, else
// fires the next timer, else wakes the goroutine in Run.
//
//go:linkname racewindowSettle
func racewindowSettle() {
	c := getg().bubble.racewindow
	for _, b := range c.inner {
		for range racewindowFruitless {
			if !c.settle(b) {
				break
			}
		}
	}
}

// racewindowFruitless is how many timers of a bubble may fire in a row while no goroutine goes on.
const racewindowFruitless = 1000

// settle is racewindowSettle for one bubble, and says whether its clock has moved.
func (c *racewindowBubble) settle(b *synctestBubble) (again bool) {
	root := &c.threads[b.root.racewindow]
	if b.main == nil || root.state != racewindowBlocked || waitReason(root.reason) != waitReasonSynctestRun {
		return false
	}
	alive := 1
	for i := range c.threads[:c.n] {
		if gp := c.gs[i]; gp != nil && gp.bubble == b && gp != b.root {
			if !c.idle(i, b) {
				return false
			}
			alive++
		}
	}
	b.total = alive
	next := b.timers.wakeTime()
	switch {
	case alive == 1:
		racewindowWake(b.root)
	case next > 0 && (next <= b.now || b.waiter == nil && !b.done):
		racewindowPasses(b, next)
		return true
	case b.waiter != nil:
		racewindowWake(b.waiter)
	default:
		racewindowWake(b.root)
	}
	return false
}

// idle says whether a thread waits for something that only its own bubble can give it.
func (c *racewindowBubble) idle(i int, b *synctestBubble) bool {
	t := &c.threads[i]
	if t.state != racewindowBlocked || !waitReason(t.reason).isIdleInSynctest() {
		return false
	}
	for s := c.gs[i].waiting; s != nil; s = s.waitlink {
		if ch := racewindowChannel(s); ch != nil && ch.bubble != b {
			return false
		}
	}
	return true
}

func racewindowWake(gp *g) {
	systemstack(func() { racewindowReadied(gp) })
}
