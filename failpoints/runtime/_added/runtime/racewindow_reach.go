//go:build go1.26

package runtime

import _ "unsafe" // for go:linkname

// racewindowReach finds the threads that nobody can wake who may still go on. That is what the collector's search for leaked goroutines
// finds (mgc.go): it begins with the goroutines that may run, and a goroutine that is blocked counts once the collector has reached what it
// is blocked on. A thread in the driver's list is runnable, and one that waits for a timer or a file may run. The search marks goroutines,
// and every mark is taken off again, because only its own package profiles know it.
//
//go:linkname racewindowReach
func racewindowReach() bool {
	gp := getg()
	b := gp.bubble
	c := b.racewindow
	for i := range c.threads[:c.n] {
		if t := &c.threads[i]; t.state == racewindowBlocked {
			c.gs[i].waitreason = racewindowSearched(waitReason(t.reason), c.gs[i].waiting)
		}
	}
	gp.bubble = nil // the collector makes the caller wait
	goroutineLeakGC()
	gp.bubble = b
	for i := range c.threads[:c.n] {
		if t := &c.threads[i]; t.state == racewindowBlocked {
			t.lost = readgstatus(c.gs[i]) == _Gleaked
			c.gs[i].waitreason = waitReason(t.reason)
		}
	}
	forEachG(func(gp *g) { gp.atomicstatus.CompareAndSwap(_Gleaked, _Gwaiting) })
	return true
}

// racewindowSearched returns the reason by which the collector searches for a goroutine: that for which it would wait outside of a bubble.
// If a lock without pointers is so small that its memory may also hold other objects, then whether it is reached depends on who allocated
// when. Who waits for one may go on, as far as the collector knows.
func racewindowSearched(reason waitReason, s *sudog) waitReason {
	if s != nil && s.waitlink == nil && racewindowChannel(s) == nil {
		if span := spanOf(racewindowElement(s)); span != nil && span.spanclass == tinySpanClass {
			return waitReasonSemacquire
		}
	}
	switch reason {
	case waitReasonSynctestChanReceive:
		return waitReasonChanReceive
	case waitReasonSynctestChanSend:
		return waitReasonChanSend
	case waitReasonSynctestSelect:
		return waitReasonSelect
	case waitReasonSynctestWaitGroupWait:
		return waitReasonSyncWaitGroupWait
	}
	return reason
}
