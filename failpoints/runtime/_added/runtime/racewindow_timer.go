// The timers of a controlled bubble. When all threads wait, the next timer fires; the driver may also let it fire earlier. So the driver must
// know all timers. The runtime does not: a channel's timer lies in no heap while nobody waits for it, and fires when somebody looks.

package runtime

import _ "unsafe" // for go:linkname

// What a timer does.
const (
	racewindowOpSleep  = 80 + iota
	racewindowOpTimer  // fills its channel
	racewindowOpTicker // fills its channel again and again
	racewindowOpAfterFunc
)

// A racewindowMaker says who set a timer, and for how long. It holds no pointer, because timers also lie outside of the heap.
type racewindowMaker struct {
	pc     uintptr // of the user's function
	length int64   // nanoseconds
	thread int32
	op     uint8
	listed bool // in its bubble's list
	taken  bool // it was made outside of the bubble

	deadline int32 // of the runtime's own timer for a deadline: its place in the bubble's list of deadlines
}

// A racewindowDue is the timer that fires next, and the driver declares the same type.
type racewindowDue struct {
	pc     uintptr
	when   int64
	length int64
	thread int32
	op     uint8
}

// racewindowTimerSet notes who sets a timer. The function that sets it calls this.
//
//go:noinline
func racewindowTimerSet(t *timer, when, period int64) {
	gp := getg()
	c := racewindowOf(gp)
	if !t.isFake {
		t.racewindow.length = racewindowLength(when)
		return
	}
	if c == nil || gp.m.curg != gp {
		return
	}
	m := &t.racewindow
	m.pc, m.thread, m.length, m.op = racewindowStands(getfp()), gp.racewindow, when-gp.bubble.now, racewindowOpOf(t, period)
	c.list(t)
}

// racewindowOpOf returns what a timer does.
func racewindowOpOf(t *timer, period int64) uint8 {
	switch {
	case t.isChan && period > 0:
		return racewindowOpTicker
	case t.isChan:
		return racewindowOpTimer
	case racewindowSleeps(t):
		return racewindowOpSleep
	}
	return racewindowOpAfterFunc
}

// racewindowSleeps says whether a timer ends a sleep.
func racewindowSleeps(t *timer) bool {
	_, sleeps := t.arg.(*g)
	return sleeps
}

// list puts a timer into the bubble's list.
func (c *racewindowBubble) list(t *timer) {
	c.timed = true
	c.hasBefore = c.hasBefore || t.racewindow.taken
	m := &t.racewindow
	if m.listed || getg().bubble.inner { // a clock of testing/synctest moves when all wait, and at no other time
		return
	}
	if len(c.timers) == cap(c.timers) {
		c.forgetTimers()
	}
	m.listed = true
	c.timers = append(c.timers, t)
	c.threads[racewindowClock].cases = int32(len(c.timers))
}

// forgetTimers removes timers that will not fire any more from the list.
func (c *racewindowBubble) forgetTimers() {
	kept := c.timers[:0]
	for _, t := range c.timers {
		if t.racewindow.listed = t.when > 0 || t.racewindow.taken; t.racewindow.listed {
			kept = append(kept, t)
		}
	}
	clear(c.timers[len(kept):])
	c.timers = kept
}

// racewindowNextTimer finds the timer that fires next and is not due yet, of those that may fire early. The caller has the token, so no timer changes meanwhile.
//
//go:linkname racewindowNextTimer
func racewindowNextTimer(due *racewindowDue) bool {
	b := getg().bubble
	var next *timer
	c := b.racewindow
	for _, t := range c.timers {
		if t.when > b.now && !(c.hasBefore && c.isBefore(t)) && (next == nil || t.when < next.when || t.when == next.when && t.rand < next.rand) {
			next = t
		}
	}
	if next == nil {
		return false
	}
	m := &next.racewindow
	*due = racewindowDue{m.pc, next.when, m.length, m.thread, m.op}
	return true
}

// nextOfTest returns when the next timer fires that the test has set, 0 for never.
func (c *racewindowBubble) nextOfTest() (when int64) {
	for _, t := range c.timers {
		if t.when > 0 && t.state&timerHeaped != 0 && !c.isBefore(t) && (when == 0 || t.when < when) {
			when = t.when
		}
	}
	return when
}

// racewindowFiring notes which timer fires now. Goroutines that it starts count as started by the thread that set it.
func racewindowFiring(b *synctestBubble, t *timer) {
	if c := b.racewindow; c != nil {
		c.firing = t.racewindow
	}
}
