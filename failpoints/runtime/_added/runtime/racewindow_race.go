//go:build race

package runtime

// racewindowUnignore ends what a goroutine has asked the race detector not to see.
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

// racewindowJoin orders what the execution did before what follows it.
func racewindowJoin(root *g, c *racewindowBubble) {
	b := c.bubble
	if b.timers.raceCtx != 0 {
		racectxend(b.timers.raceCtx)
	}
	for i := range c.threads[:c.n] {
		if c.threads[i].state != racewindowEnded {
			racereleasemergeg(c.gs[i], b.raceaddr())
		}
	}
	raceacquireg(root, b.raceaddr())
}
