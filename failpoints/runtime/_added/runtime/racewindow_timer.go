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
	if c == nil || gp.m.curg != gp {
		return
	}
	c.timed = true
	m := &t.racewindow
	m.pc, m.thread, m.length, m.op = racewindowStands(getfp()), gp.racewindow, when-gp.bubble.now, racewindowOpAfterFunc
	switch {
	case t == gp.timer:
		m.op = racewindowOpSleep
	case period > 0:
		m.op = racewindowOpTicker
	case t.isChan:
		m.op = racewindowOpTimer
	}
	if m.listed || gp.bubble.inner { // a clock of testing/synctest moves when all wait, and at no other time
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
		if t.racewindow.listed = t.when > 0; t.racewindow.listed {
			kept = append(kept, t)
		}
	}
	clear(c.timers[len(kept):])
	c.timers = kept
}

// racewindowNextTimer finds the timer that fires next and is not due yet. The caller has the token, so no timer changes meanwhile.
//
//go:linkname racewindowNextTimer
func racewindowNextTimer(due *racewindowDue) bool {
	b := getg().bubble
	var next *timer
	for _, t := range b.racewindow.timers {
		if t.when > b.now && (next == nil || t.when < next.when || t.when == next.when && t.rand < next.rand) {
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

// racewindowFiring notes which timer fires now. Goroutines that it starts count as started by the thread that set it.
func racewindowFiring(b *synctestBubble, t *timer) {
	if c := b.racewindow; c != nil {
		c.firing = t.racewindow
	}
}
