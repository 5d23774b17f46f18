// Goroutines that remain at the end of an execution are taken out of whatever they wait in, and freed. Their deferred functions do not run.

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

func (c *racewindowBubble) drop(i int) {
	t, gp := &c.threads[i], c.gs[i]
	systemstack(func() {
		old := uint32(_Grunnable)
		if t.state == racewindowBlocked {
			old = _Gwaiting
			c.withdraw(waitReason(t.reason), gp, c.waits[i])
		}
		racewindowFree(gp, old)
	})
	t.state, c.gs[i], c.waits[i] = racewindowEnded, nil, nil
}

// withdraw takes a goroutine out of what it waits in.
func (c *racewindowBubble) withdraw(reason waitReason, gp *g, semaphore unsafe.Pointer) {
	switch reason {
	case waitReasonSemacquire, waitReasonSyncMutexLock, waitReasonSyncRWMutexRLock, waitReasonSyncRWMutexLock,
		waitReasonSyncWaitGroupWait, waitReasonSynctestWaitGroupWait:
		if s := gp.waiting; s != nil {
			racewindowUnsema((*uint32)(unsafe.Pointer(racewindowElement(s))), gp)
		}
	case waitReasonSyncCondWait:
		if s := gp.waiting; s != nil {
			racewindowUncond((*notifyList)(unsafe.Pointer(racewindowElement(s))), gp)
		}
	case waitReasonIOWait:
		if semaphore != nil && atomic.Casuintptr((*uintptr)(semaphore), uintptr(unsafe.Pointer(gp)), pdNil) {
			netpollAdjustWaiters(-1)
		}
	default:
		for s := gp.waiting; s != nil; s = s.waitlink {
			if ch := racewindowChannel(s); ch != nil {
				lock(&ch.lock)
				ch.recvq.dequeueSudoG(s)
				ch.sendq.dequeueSudoG(s)
				unlock(&ch.lock)
			}
		}
	}
}

// racewindowUnsema takes a goroutine out of the queue of a semaphore, and leaves the others in their order.
func racewindowUnsema(addr *uint32, gp *g) {
	root := semtable.rootFor(addr)
	lockWithRank(&root.lock, lockRankRoot)
	var first, last *sudog
	for {
		s, _, _ := root.dequeue(addr)
		if s == nil {
			break
		}
		if s.g == gp {
			root.nwait.Add(-1)
			continue
		}
		s.waitlink = nil
		if first == nil {
			first = s
		} else {
			last.waitlink = s
		}
		last = s
	}
	for s := first; s != nil; {
		next := s.waitlink
		owner := s.g
		s.ticket, s.parent, s.next, s.prev, s.waittail, s.waitlink = 0, nil, nil, nil, nil, nil
		root.queue(addr, s, false) // queue takes the caller for the goroutine that waits
		getg().waiting = nil
		s.g, owner.waiting = owner, s
		s = next
	}
	unlock(&root.lock)
}

func racewindowUncond(l *notifyList, gp *g) {
	lockWithRank(&l.lock, lockRankNotifyList)
	for p, s := (*sudog)(nil), l.head; s != nil; p, s = s, s.next {
		if s.g != gp {
			continue
		}
		if p != nil {
			p.next = s.next
		} else {
			l.head = s.next
		}
		if s.next == nil {
			l.tail = p
		}
		break
	}
	unlock(&l.lock)
}

// racewindowFree is gdestroy for a goroutine that does not run.
func racewindowFree(gp *g, old uint32) {
	pp := getg().m.p.ptr()
	racewindowEnd(gp)
	casgstatus(gp, old, _Gdead)
	gcController.addScannableStack(pp, -int64(gp.stack.hi-gp.stack.lo))
	gp.m = nil
	gp.lockedm = 0
	gp.preemptStop = false
	gp.paniconfault = false
	gp._defer = nil
	gp._panic = nil
	gp.writebuf = nil
	gp.waitreason = waitReasonZero
	gp.param = nil
	gp.labels = nil
	gp.timer = nil
	gp.bubble = nil
	gp.waiting = nil
	gp.activeStackChans = false
	gp.parkingOnChan.Store(false)
	gp.selectDone.Store(0)
	gfput(pp, gp)
}
