// Deadlines of connections and pipes, which are timers of the bubble's clock. The runtime's own timer for a deadline lies outside of the heap
// and belongs to the file, which may outlive the bubble. So each has a timer in its place, as long as the bubble lasts. What a timer of an
// earlier bubble or of real time does is void, because each change of a deadline has a new number (pollDesc.rseq and wseq).

package runtime

const racewindowOpDeadline = racewindowOpAfterFunc + 1

// A racewindowDeadline is the bubble's timer for a deadline.
type racewindowDeadline struct {
	of *timer // the runtime's own, never in the heap
	in *timer
}

// racewindowDeadlines returns the caller's bubble if it is controlled.
func racewindowDeadlines() *racewindowBubble {
	gp := getg()
	if c := racewindowOf(gp); c != nil && gp != c.root && gp.m.curg == gp {
		return c
	}
	return nil
}

// racewindowDeadlineNow is the clock that deadlines are counted from.
func racewindowDeadlineNow() int64 {
	if c := racewindowDeadlines(); c != nil {
		return c.bubble.now
	}
	return nanotime()
}

// racewindowSetDeadline is t.modify. The caller holds the lock of the file, which a timer that is due takes, so none is due at once.
func racewindowSetDeadline(t *timer, when, period int64, f func(arg any, seq uintptr, delay int64), arg any, seq uintptr) {
	c := racewindowDeadlines()
	if c == nil {
		t.modify(when, period, f, arg, seq)
		return
	}
	if when < racewindowEpoch { // a moment of real time: the other half of the deadline was set before the bubble began
		when += c.bubble.now - nanotime()
	}
	in := c.deadline(t)
	if in == nil {
		in = new(timer)
		in.init(nil, nil)
		in.isFake = true
		c.deadlines = append(c.deadlines, racewindowDeadline{t, in})
		t.racewindow.deadline = int32(len(c.deadlines) - 1)
	}
	gp := getg()
	own := gp.bubble
	gp.bubble = c.bubble // testing/synctest waits for no file, so a deadline is none of its timers
	in.modify(max(when, c.bubble.now+1), period, f, arg, seq)
	gp.bubble = own
	in.racewindow.op = racewindowOpDeadline
}

// racewindowStopDeadline is t.stop.
func racewindowStopDeadline(t *timer) {
	c := racewindowDeadlines()
	if c == nil {
		t.stop()
		return
	}
	if in := c.deadline(t); in != nil {
		in.stop()
	}
}

// deadline returns the bubble's timer for one of the runtime's; nil for none.
func (c *racewindowBubble) deadline(t *timer) *timer {
	if i := t.racewindow.deadline; int(i) < len(c.deadlines) && c.deadlines[i].of == t {
		return c.deadlines[i].in
	}
	return nil
}
