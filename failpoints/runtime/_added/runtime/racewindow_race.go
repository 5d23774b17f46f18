//go:build race

package runtime

// racewindowUnignore lets the race detector see a goroutine again.
func racewindowUnignore(gp *g) {
	if gp.raceignore > 0 {
		gp.raceignore = 0
		racecall(&__tsan_go_ignore_sync_end, gp.racectx, 0, 0, 0)
	}
}

// racewindowEnd tells the race detector that a goroutine has ended.
func racewindowEnd(gp *g) {
	racewindowUnignore(gp)
	racecall(&__tsan_go_end, gp.racectx, 0, 0, 0)
	gp.racectx = 0
}

// racewindowContexts holds the detector's records of a bubble's goroutines and timers that have ended. Once 64 more goroutines have ended,
// the detector forgets the stacks of an ended one, and then reports no race with it. So it learns of ends only after the execution. It has
// room for 8128 goroutines, so beyond 1024 kept records the oldest ends at once.
type racewindowContexts struct {
	kept [1024]uintptr
	n    int // how many were ever kept
}

func (c *racewindowContexts) keep(ctx uintptr) {
	at := &c.kept[c.n%len(c.kept)]
	if *at != 0 {
		racectxend(*at)
	}
	*at = ctx
	c.n++
}

// end ends the kept records, the oldest first.
func (c *racewindowContexts) end() {
	for i := max(0, c.n-len(c.kept)); i < c.n; i++ {
		at := &c.kept[i%len(c.kept)]
		racectxend(*at)
		*at = 0
	}
	c.n = 0
}

// racewindowKeep says whether the detector learns of a goroutine's end later, and keeps the goroutine's record if so.
func racewindowKeep(gp *g) bool {
	c := racewindowOf(gp)
	if c == nil || gp == c.root {
		return false
	}
	c.contexts.keep(gp.racectx)
	gp.racectx = 0
	return true
}

// racewindowTimer makes each firing of a timer a goroutine of its own for the detector. A single one for all timers of a bubble would order
// whoever sets a timer before everything that another timer starts.
func racewindowTimer(ts *timers, b *synctestBubble) {
	if b != nil && b.racewindow != nil && ts.raceCtx != 0 {
		b.racewindow.contexts.keep(ts.raceCtx)
		ts.raceCtx = 0
	}
}

// racewindowIdle is for goroutines in a bubble of testing/synctest. Like testing/synctest, it orders what a goroutine did before it waited
// before everything after the end of Wait.
func racewindowIdle(gp *g) {
	if gp.bubble.inner {
		racereleasemergeg(gp, gp.bubble.raceaddr())
	}
}

// racewindowAcquire is the other end of racewindowIdle's edge.
func racewindowAcquire(gp *g, b *synctestBubble) { raceacquireg(gp, b.raceaddr()) }

// racewindowJoin orders what the execution did before what follows it.
func racewindowJoin(root *g, c *racewindowBubble) {
	b := c.bubble
	c.contexts.end()
	if b.timers.raceCtx != 0 {
		racectxend(b.timers.raceCtx)
	}
	for _, inner := range c.inner {
		if inner.timers.raceCtx != 0 {
			racectxend(inner.timers.raceCtx)
		}
	}
	for i := range c.threads[:c.n] {
		if c.threads[i].state != racewindowEnded {
			racereleasemergeg(c.gs[i], b.raceaddr())
		}
	}
	raceacquireg(root, b.raceaddr())
}
