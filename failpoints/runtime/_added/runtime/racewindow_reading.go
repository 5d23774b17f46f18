// Readings of the clock. Each takes a nanosecond. Code that reads the clock a thousand times must not find that seconds have passed, and a loop
// that waits for a moment must end. So time passes for a loop only when nothing else would end it.

package runtime

import "unsafe"

const (
	// racewindowPatience is how often the clock may be read before readings count as a loop that waits for a moment.
	racewindowPatience = 1 << 17
	// racewindowYields is the same for a loop that gives up its turn before each reading, and changes nothing.
	racewindowYields = 256
	// A reading of such a loop takes a sixteenth of the time that the loop has taken. While threads take turns, it takes less: the loop's own
	// limit may not be the only one.
	racewindowFast = 16
	racewindowSlow = 128
	// racewindowLeap is the longest time that a reading takes, in nanoseconds.
	racewindowLeap = int64(1) << 40
	// racewindowLong is how much time may pass for a loop, in nanoseconds, until a failure counts as one of timing. A single step may take
	// a millisecond.
	racewindowLong = 1e6
)

// racewindowReadings is what is known of the readings of a bubble's clock since all threads waited, or since the clock was read elsewhere.
type racewindowReadings struct {
	n      int64
	idle   int64 // readings after a turn was given up, since a thread changed anything
	yields bool  // a turn was given up since the last reading
	took   int64 // nanoseconds that the loop took
	last   int   // the index in places of the last reading
	places [8]uintptr
}

// racewindowReading reads the clock of a bubble. In a bubble of testing/synctest the clock stands still until all goroutines wait, because
// tests rely on that.
//
//go:noinline
func racewindowReading(b *synctestBubble) int64 {
	c := b.racewindow
	if c == nil || getg() == c.root || c.off || b.inner {
		return b.now
	}
	b.now++
	pc := racewindowStands(getfp())
	r := &c.readings
	if r.places[r.last] != pc {
		r.elsewhere(pc)
	}
	if r.n++; r.yields {
		r.yields = false
		r.idle++
	}
	switch {
	case r.n > racewindowPatience || r.idle > racewindowYields:
		c.leaps(pc, racewindowFast)
	case c.hurries:
		c.leaps(pc, racewindowSlow)
	}
	return b.now
}

// elsewhere notes that the clock is read at another place than before. A loop reads it at a few places, again and again.
func (r *racewindowReadings) elsewhere(pc uintptr) {
	for i, known := range r.places {
		if known == pc {
			r.last = i
			return
		}
	}
	next := (r.last + 1) % len(r.places)
	places := r.places
	*r = racewindowReadings{last: next, places: places}
	r.places[next] = pc
}

// stopped notes that a thread has come to an operation.
func (r *racewindowReadings) stopped(op uint8) {
	const load = 48 // as sync/atomic numbers it
	switch op {
	case racewindowOpGosched:
		r.yields = true
	case racewindowOpSelect, racewindowOpCase, load:
	default:
		r.idle = 0
	}
}

// leaps lets time pass for a loop that reads the clock, and notes if another goroutine could go on meanwhile.
func (c *racewindowBubble) leaps(pc uintptr, part int64) {
	r := &c.readings
	step := min(r.took/part+1, racewindowLeap)
	r.took += step
	c.bubble.now += step
	clock := &c.threads[racewindowClock]
	if clock.late || r.took < racewindowLong {
		return
	}
	for i := range c.threads[:c.n] {
		if c.threads[i].state == racewindowReady {
			clock.late, clock.at = true, pc
			return
		}
	}
}

// racewindowAwaited finds the sleep, or the wait for a timer and nothing else, that ends last before a moment. A thread that waits so means
// time to pass, and sets no limit for others.
//
//go:linkname racewindowAwaited
func racewindowAwaited(due *racewindowDue, before int64) bool {
	b := getg().bubble
	var last *timer
	for _, t := range b.racewindow.timers {
		if t.when > b.now && t.when < before && t.racewindowAwaited() && (last == nil || t.when > last.when) {
			last = t
		}
	}
	if last == nil {
		return false
	}
	m := &last.racewindow
	*due = racewindowDue{m.pc, last.when, m.length, m.thread, m.op}
	return true
}

// racewindowAwaited says whether a goroutine waits for the timer alone.
func (t *timer) racewindowAwaited() bool {
	if t.racewindow.op == racewindowOpSleep {
		return true
	}
	if !t.isChan || t.racewindow.op != racewindowOpTimer {
		return false
	}
	c := (*hchan)(efaceOf(&t.arg).data)
	return c != nil && c.recvq.first != nil && !c.recvq.first.isSelect
}

var _ unsafe.Pointer // for go:linkname
