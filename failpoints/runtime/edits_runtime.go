// Edits of the runtime's own files: where its scheduler asks which goroutine goes on.

package runtime

import "regexp"

func schedulerEdits() []Edit {
	const proc = "runtime/proc.go"
	const deadline = "the deadline of a connection passes on the test's clock, as its timers do"
	return []Edit{
		within("runtime/runtime2.go", "g.racewindow", "	bubble  *synctestBubble\n", "	bubble  *synctestBubble\n	racewindow int32 // number in a controlled bubble\n",
			"a goroutine knows its number among the threads of its bubble"),
		within(proc, "main", "	doInit(runtime_inittasks) // Must be before defer.\n", "	doInit(runtime_inittasks) // Must be before defer.\n	racewindowStart()\n",
			"a program without a driver refuses to start"),
		within(proc, "ready", "		throw(\"bad g->status in ready\")\n	}\n",
			"		throw(\"bad g->status in ready\")\n	}\n	if gp.bubble != nil && racewindowReadied(gp) {\n		releasem(mp)\n		return\n	}\n",
			"a goroutine that becomes ready waits for the driver's choice, not in a run queue"),
		within(proc, "park_m, before the wait", "		bubble.incActive()\n	}\n\n	if trace.ok() {\n		// Trace the event before the transition. It may take a\n		// stack trace, but we won't own the stack after the\n		// transition anymore.\n		trace.GoPark(",
			"		bubble.incActive()\n	}\n	controlled := racewindowParking(gp)\n\n	if trace.ok() {\n		// Trace the event before the transition. It may take a\n		// stack trace, but we won't own the stack after the\n		// transition anymore.\n		trace.GoPark(",
			"the driver knows that a thread waits before anybody can end the wait"),
		within(proc, "park_m, no wait", "			casgstatus(gp, _Gwaiting, _Grunnable)\n			if bubble != nil {\n				bubble.decActive()\n			}\n",
			"			casgstatus(gp, _Gwaiting, _Grunnable)\n			if bubble != nil {\n				bubble.decActive()\n			}\n			if controlled != nil {\n				racewindowUnparking(gp, controlled)\n			}\n",
			"a wait that did not happen is no stop"),
		within(proc, "park_m, after the wait", "	if bubble != nil {\n		bubble.decActive()\n	}\n\n	schedule()\n}",
			"	if bubble != nil {\n		bubble.decActive()\n	}\n	if controlled != nil {\n		racewindowParked(gp, controlled)\n	}\n\n	schedule()\n}",
			"the token of a thread that waits goes to the driver"),
		within(proc, "goexit0", "	gdestroy(gp)\n	schedule()\n}",
			"	controlled, thread := racewindowOf(gp), gp.racewindow\n	main := controlled != nil && racewindowIsMain(gp, controlled)\n	gdestroy(gp)\n	if controlled != nil {\n		racewindowExited(controlled, thread, main)\n	}\n	schedule()\n}",
			"the token of a thread that has ended goes to the driver"),
		within(proc, "newproc", "		newg := newproc1(fn, gp, pc, false, waitReasonZero)\n\n		pp := getg().m.p.ptr()\n		runqput(pp, newg, true)\n\n		if mainStarted {\n			wakep()\n		}\n	})\n",
			"		if racewindowCatcher == gp && racewindowCatches(pc) {\n			racewindowCatcher, racewindowGone = nil, fn\n			return\n		}\n		newg := newproc1(fn, gp, pc, false, waitReasonZero)\n		switch {\n		case newg.bubble == nil:\n			racewindowOther(newg)\n		case racewindowSpawned(newg, gp, pc):\n			return\n		}\n\n		pp := getg().m.p.ptr()\n		runqput(pp, newg, true)\n\n		if mainStarted {\n			wakep()\n		}\n	})\n	if gp.bubble != nil {\n		racewindowGo()\n	}\n",
			"a new goroutine waits for the driver's choice, and go is a point"),
		within(proc, "goexit1", "		racegoend()\n	}\n	trace := traceAcquire()\n", "		if !racewindowKeep(getg()) {\n			racegoend()\n		}\n	}\n	trace := traceAcquire()\n",
			"the race detector forgets what ended goroutines did, and reports no race with it, while the execution goes on"),
		enter(proc, "func Gosched() {", "	if racewindowGosched() {\n		return\n	}", "runtime.Gosched is a point"),
		within(proc, "exitsyscall", "			// Scheduling of this goroutine is disabled.\n			Gosched()", "			// Scheduling of this goroutine is disabled.\n			mcall(gosched_m)",
			"a system call must not write pointers at its end, and Gosched may do so now"),
		within("runtime/coro.go", "coroswitch_m, who runs", "	gp.coroexit = false\n	mp := gp.m\n", "	gp.coroexit = false\n	mp := gp.m\n	thread := gp.racewindow\n",
			"a coroutine runs in the place of the thread that resumes it"),
		within("runtime/coro.go", "coroswitch_m, who goes on", "	setGNoWB(&mp.curg, gnext)\n", "	racewindowSwitched(gnext, thread)\n	setGNoWB(&mp.curg, gnext)\n",
			"a coroutine runs in the place of the thread that resumes it"),
		enter("runtime/netpoll.go", "func poll_runtime_pollReset(pd *pollDesc, mode int) int {", "\tracewindowNetwork(pd, mode)", "another goroutine may go on before a connection is read or written, and close it"),
		within("runtime/netpoll.go", "netpollready, reader", "		toRun.push(rg)\n", "		racewindowPolled(toRun, rg)\n", "a goroutine that waited for a file waits for the driver's choice; unpatched, two threads run"),
		within("runtime/netpoll.go", "netpollready, writer", "		toRun.push(wg)\n", "		racewindowPolled(toRun, wg)\n", "a goroutine that waited for a file waits for the driver's choice; unpatched, two threads run"),
		within("runtime/netpoll.go", "poll_runtime_pollSetDeadline, the clock", "		d += nanotime()\n", "		d += racewindowDeadlineNow()\n", deadline),
		{
			Name: "netpoll.go: a deadline is set", File: "runtime/netpoll.go", Pattern: regexp.MustCompile(`pd\.([rw]t)\.modify\(`), Times: 4,
			Text: "racewindowSetDeadline(&pd.${1}, ", Reason: deadline,
		},
		{
			Name: "netpoll.go: a deadline is taken back", File: "runtime/netpoll.go", Pattern: regexp.MustCompile(`pd\.([rw]t)\.stop\(\)`), Times: 4,
			Text: "racewindowStopDeadline(&pd.${1})", Reason: deadline,
		},
	}
}

func bubbleEdits() []Edit {
	const file = "runtime/synctest.go"
	const aside = "	if bubble.racewindow != nil {\n		return\n	}"
	const taken = "a timer that was made before the execution is one of its clock from then on"
	const counts = "testing/synctest counts idle goroutines to wake its root, which the driver does itself"
	return []Edit{
		within(file, "synctestBubble", "	active  int // other sources of activity\n}", "	active  int // other sources of activity\n\n	racewindow *racewindowBubble // while it is controlled\n	controlled bool              // it has been\n	inner      bool              // testing/synctest made it inside of a controlled one\n}",
			"a controlled bubble knows its driver"),
		enter(file, "func (bubble *synctestBubble) changegstatus(gp *g, oldval, newval uint32) {", aside, counts),
		enter(file, "func (bubble *synctestBubble) incActive() {", aside, counts),
		enter(file, "func (bubble *synctestBubble) decActive() {", aside, counts),
		enter(file, "func synctestRun(f func()) {", "	if c := racewindowOf(getg()); c != nil && !getg().bubble.inner {\n		racewindowSynctest(c, f)\n		return\n	}",
			"the goroutines of a bubble of testing/synctest are threads too"),
		enter(file, "func synctestWait() {", "	if c := racewindowOf(getg()); c != nil {\n		racewindowSynctestWait()\n		return\n	}",
			"a goroutine that waits for the others of its bubble goes on when the driver says so"),
		within(file, "synctest_isInBubble", "	return getg().bubble != nil\n", "	return getg().bubble != nil && (getg().bubble.racewindow == nil || getg().bubble.inner)\n", "the code under test must not find itself in a bubble that it has not made"),
		within("runtime/proc.go", "casgstatus", "	if gp.bubble != nil {\n		systemstack(func() {\n			gp.bubble.changegstatus(gp, oldval, newval)",
			"	if gp.bubble != nil && gp.bubble.racewindow == nil {\n		systemstack(func() {\n			gp.bubble.changegstatus(gp, oldval, newval)", counts),
		within("runtime/traceback.go", "goroutineheader", "	if bubble := gp.bubble; bubble != nil {\n		print(\", synctest bubble \", bubble.id)\n", "	if bubble := gp.bubble; bubble != nil && (bubble.inner || !bubble.controlled) {\n		print(\", synctest bubble \", bubble.id)\n",
			"stack traces must not show the code under test in a bubble that it has not made"),
		within("runtime/traceback.go", "tracebackothers", "	tracebacksomeothers(me, func(*g) bool { return true })\n", "	c := racewindowReader(me)\n	tracebacksomeothers(me, func(gp *g) bool { return c == nil || gp != c.root && racewindowOf(gp) == c })\n",
			"code that looks for goroutines that a test left running must not find the driver's"),
		enter("runtime/mstats.go", "func ReadMemStats(m *MemStats) {", "	racewindowCounts()", "what the driver allocates is counted too, and the report must name that cause"),
		within("runtime/proc.go", "casgstatus, tracking", "		if casgstatusAlwaysTrack || gp.trackingSeq%gTrackingPeriod == 0 {\n", "		if casgstatusAlwaysTrack || gp.trackingSeq%gTrackingPeriod == 0 && gp.bubble == nil {\n", "nobody reads how long goroutines wait for a processor, and reading the clock is slow"),
		within("runtime/mgc.go", "clearpools", "	if poolcleanup != nil {\n", "	if poolcleanup != nil && !racewindowKeepsPools() {\n", "what a pool hands on must not depend on when the collector runs"),
		within("runtime/time.go", "timer.unlockAndRun", "		if tsLocal.raceCtx == 0 {\n", "		racewindowTimer(tsLocal, bubble)\n		if tsLocal.raceCtx == 0 {\n",
			"to the race detector, one timer must not be part of another"),
		within("runtime/time.go", "time_runtimeNow", "		sec = bubble.now / (1000 * 1000 * 1000)\n		nsec = int32(bubble.now % (1000 * 1000 * 1000))\n",
			"		now := racewindowReading(bubble)\n		sec = now / (1000 * 1000 * 1000)\n		nsec = int32(now % (1000 * 1000 * 1000))\n", "a loop that polls the clock must end"),
		within("runtime/time.go", "time_runtimeNow outside", "		return sec, nsec, 0\n	}\n	return time_now()\n", "		return sec, nsec, 0\n	}\n	return racewindowNow()\n",
			"a time that a package reads before the tests begin must lie shortly before the times that they read"),
		within("runtime/time.go", "time_runtimeNano", "	if gp.bubble != nil {\n		return gp.bubble.now\n	}", "	if gp.bubble != nil {\n		return racewindowReading(gp.bubble)\n	}", "a loop that polls the clock must end"),
		within("runtime/time.go", "timer", "	isSending atomic.Int32\n}\n", "	isSending atomic.Int32\n\n	racewindow racewindowMaker // who set it, in a controlled bubble\n}\n", "a timer whose firing is a choice needs a name"),
		enter("runtime/time.go", "func (t *timer) modify(when, period int64, f func(arg any, seq uintptr, delay int64), arg any, seq uintptr) bool {",
			"	racewindowTimerSet(t, when, period)", "the driver must know which timers there are, and who set them"),
		enter("runtime/time.go", "func (t *timer) maybeRunChan(c *hchan) {", "	racewindowTouched(t)", taken),
		enter("runtime/time.go", "func stopTimer(t *timeTimer) bool {", "	racewindowTouched(&t.timer)", taken),
		enter("runtime/time.go", "func resetTimer(t *timeTimer, when, period int64) bool {", "	racewindowTouched(&t.timer)", taken),
		within("runtime/time.go", "timer.unlockAndRun starts", "	f(arg, seq, delay)\n", "	if bubble != nil {\n		racewindowFiring(bubble, t)\n	}\n	f(arg, seq, delay)\n", "a goroutine that a timer starts is named after the thread that set the timer"),
	}
}

// outsideEdits suppress the fatal errors of testing/synctest about objects of another bubble. Package-level state, and whatever
// outlives a test, contains such objects; the driver reports them instead.
func outsideEdits() (all []Edit) {
	const reason = "the driver reports an object of an earlier execution; the process must not end"
	for _, e := range []struct {
		file, pattern, bubble string
		times                 int
	}{
		{"runtime/chan.go", `(if c\.bubble != nil && getg\(\)\.bubble != c\.bubble) \{`, "c.bubble", 5},
		{"runtime/select.go", `(if getg\(\)\.bubble != cas\.c\.bubble) \{`, "cas.c.bubble", 1},
		{"runtime/sema.go", `(if s\.g\.bubble != nil && getg\(\)\.bubble != s\.g\.bubble) \{`, "s.g.bubble", 2},
		{"runtime/time.go", `(if t\.isFake && (?:getg\(\)\.bubble != c\.bubble|c\.bubble != getg\(\)\.bubble)) \{`, "c.bubble", 2},
		{"runtime/time.go", `(if t\.isFake && getg\(\)\.bubble == nil) \{`, "racewindowLatest", 2},
	} {
		all = append(all, Edit{
			Name: e.file[len("runtime/"):] + ": outside of " + e.bubble, File: e.file, Pattern: regexp.MustCompile(e.pattern), Times: e.times,
			Text: "${1} && !racewindowOutside(" + e.bubble + ") {", Reason: reason,
		})
	}
	return all
}

func channelEdits() []Edit {
	const reason = "the operation is a place at which another goroutine may go on"
	at := func(op string) string {
		return "	if getg().bubble != nil {\n		racewindowChan(racewindowOp" + op + ", unsafe.Pointer(c))\n	}"
	}
	return []Edit{
		enter("runtime/chan.go", "func chansend(c *hchan, ep unsafe.Pointer, block bool, callerpc uintptr) bool {", at("Send"), reason),
		enter("runtime/chan.go", "func chanrecv(c *hchan, ep unsafe.Pointer, block bool) (selected, received bool) {", at("Receive"), reason),
		enter("runtime/chan.go", "func closechan(c *hchan) {", at("Close"), reason),
		within("runtime/select.go", "selectgo, the point", "	// generate permuted order\n	norder := 0\n", "	if gp.bubble != nil {\n		racewindowSelect(gp, scases, nsends)\n	}\n	// generate permuted order\n	norder := 0\n",
			"the driver chooses which of the ready cases a select takes"),
		within("runtime/select.go", "selectgo, the order", "		j := cheaprandn(uint32(norder + 1))\n", "		j := racewindowOrder(gp, i, uint32(norder))\n",
			"the driver chooses which of the ready cases a select takes"),
	}
}

func randomEdits() []Edit {
	var all []Edit
	for _, name := range []string{"cheaprand", "cheaprand64", "cheaprandn"} {
		all = append(all, within("runtime/rand.go", name, "//go:linkname "+name+"\n", "//go:linkname "+name+" runtime.racewindow_"+name+"\n",
			"code that takes the runtime's own random numbers by this name gets some that belong to the schedule"))
	}
	return append(all,
		enter("runtime/rand.go", "//go:linkname rand\nfunc rand() uint64 {", "	if c := racewindowDraws(getg()); c != nil {\n		return c.draw()\n	}", "random numbers and the order of maps belong to the schedule"),
		within("runtime/rand.go", "randn", "	return uint32((uint64(uint32(rand())) * uint64(n)) >> 32)\n", "	if c := racewindowDraws(getg()); c != nil {\n		return uint32(uint64(uint32(c.others.next())) * uint64(n) >> 32)\n	}\n	return uint32((uint64(uint32(rand())) * uint64(n)) >> 32)\n",
			"what sync.Pool drops under the race detector must not shift the random numbers of the code under test"),
		within("runtime/rand.go", "randinit", "	globalRand.state.Init(*seed)\n", "	*seed = [32]byte{'r', 'a', 'c', 'e', 'w', 'i', 'n', 'd', 'o', 'w'}\n	globalRand.state.Init(*seed)\n", "hashes of maps are the same in each process"),
		within("runtime/time.go", "timer.maybeAdd", "			t.rand = cheaprand()\n", "			t.rand = racewindowTie(getg().bubble)\n", "timers that are due at the same moment fire in the same order each time"),
		within("runtime/sema.go", "internal_sync_nanotime", "func internal_sync_nanotime() int64 {\n", "func internal_sync_nanotime() int64 {\n	if b := getg().bubble; b != nil && b.racewindow != nil {\n		return b.now\n	}\n", "a mutex starts to starve after some time, which must be the bubble's time"),
	)
}

func endingEdits() (all []Edit) {
	const file, reason = "runtime/panic.go", "it must end the execution, not the process"
	all = append(all, enter(file, "func fatalpanic(msgs *_panic) {", "	if msgs != nil {\n		racewindowDying(msgs.arg, \"\")\n	}", reason))
	for _, name := range []string{"sync_fatal", "maps_fatal", "internal_sync_fatal"} {
		all = append(all, enter(file, "func "+name+"(s string) {", "	racewindowDying(nil, s)", reason))
	}
	return all
}
