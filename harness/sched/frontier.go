package sched

import (
	"sync"
	"sync/atomic"
)

// A frontier is a tree of schedules that several workers enumerate in parts. The parts are in the order in which one worker would
// come to them. If the enumeration ends in one part (a failure, the limit), the parts after it become moot, and those before it go
// on: so the same schedules count with any number of workers.
type frontier struct {
	hungry  atomic.Bool // a worker waits for a part
	mu      sync.Mutex
	changed sync.Cond
	first   *part
	limit   uint64 // of schedules; 0 for none
	workers int
	idle    int
	waiting int // parts that nobody has taken
	closed  bool
	// abandoned says that some schedules were not executed.
	abandoned bool
	kept      atomic.Int64 // marks
}

// A part is a subtree.
type part struct {
	branches    []branch
	fixed       int // branches before this one are advanced by another part
	next        *part
	taken, done bool
	moot        atomic.Bool   // nothing that it does counts any more
	executed    atomic.Uint64 // schedules
	before      uint64        // at least so many were executed in earlier parts; only its worker uses it
	shown       sightings     // only its worker uses it until the enumeration is over
	end         ending        // why the enumeration ended here, after endedAfter of its schedules
	endedAfter  uint64
	marks       []mark // of its schedules after the first told ones; only its worker uses it
	told        uint64
	unjudged    []uint64 // executed, just after each schedule that came to the step limit; guarded by frontier.mu
}

// mostUnjudged is how many schedules of an enumeration may come to the step limit before it ends: they take long, and the bound
// can no longer be claimed.
const mostUnjudged = 16

// An ending is why an enumeration ended in a part.
type ending uint8

const (
	notEnded ending = iota
	endedByLimit
	endedByFailure
	endedUnjudged // schedules came to the step limit, too many to go on
)

// newFrontier returns a frontier with the whole tree as one part.
func newFrontier(workers int, limit uint64) *frontier {
	f := &frontier{workers: workers, limit: limit, first: &part{}, waiting: 1}
	f.changed.L = &f.mu
	return f
}

// take returns the first part that no worker has, and waits for one if necessary. It returns nil when nothing is left and nobody
// works, or when the frontier was closed. finished is the part that the caller had, if any.
func (f *frontier) take(finished *part) *part {
	f.mu.Lock()
	defer f.mu.Unlock()
	if finished != nil {
		finished.done = true
		f.join()
	}
	f.idle++
	for f.waiting == 0 && f.idle < f.workers && !f.closed {
		f.hungry.Store(true)
		f.changed.Wait()
	}
	if f.waiting == 0 || f.closed {
		f.closed = true
		f.changed.Broadcast()
		return nil
	}
	f.idle--
	p := f.first
	for p.taken {
		p = p.next
	}
	p.taken = true
	f.waiting--
	f.hungry.Store(f.idle > f.waiting)
	return p
}

// join merges neighbouring parts that are done and have shown nothing, so that the list stays short.
func (f *frontier) join() {
	quiet := func(p *part) bool {
		return p.done && p.end == notEnded && p.shown.empty() && len(p.unjudged) == 0
	}
	for p := f.first; p != nil; p = p.next {
		for quiet(p) && p.next != nil && quiet(p.next) {
			p.executed.Add(p.next.executed.Load())
			p.marks, p.told = append(p.marks, p.next.marks...), p.told+p.next.told
			p.next = p.next.next
		}
	}
}

// give offers the schedules after those that a part keeps: the branches from fixed on have something left.
func (f *frontier) give(from *part, branches []branch, fixed int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if from.moot.Load() {
		return
	}
	from.next = &part{branches: branches, fixed: fixed, next: from.next}
	f.waiting++
	f.hungry.Store(f.idle > f.waiting)
	f.changed.Signal()
}

// over says whether a part needs no more schedules.
func (f *frontier) over(p *part) bool {
	if p.moot.Load() {
		return true
	}
	if f.limit == 0 {
		return false
	}
	n := p.executed.Load()
	if n%32 == 0 { // a stale value only costs extra schedules, and settle does not count them
		p.before = f.executedBefore(p)
	}
	if p.before+n < f.limit {
		return false
	}
	f.endIn(p, endedByLimit)
	return true
}

func (f *frontier) executedBefore(p *part) (n uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for q := f.first; q != p; q = q.next {
		n += q.executed.Load()
	}
	return n
}

// endIn ends the enumeration in a part: no schedule counts after those that it has executed.
func (f *frontier) endIn(p *part, why ending) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end(p, why)
}

func (f *frontier) end(p *part, why ending) {
	if p.end != notEnded {
		return
	}
	p.end, p.endedAfter, f.abandoned = why, p.executed.Load(), true
	p.moot.Store(true)
	for q := p.next; q != nil; q = q.next {
		q.moot.Store(true)
		if !q.taken {
			q.taken, q.done = true, true
			f.waiting--
		}
	}
}

// unjudgedIn notes that the last executed schedule of a part came to the step limit. It ends the enumeration in the part when too
// many did, in it and in those before it. Their number there only grows, so settle finds no later end.
func (f *frontier) unjudgedIn(p *part) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p.unjudged = append(p.unjudged, p.executed.Load())
	all := len(p.unjudged)
	for q := f.first; q != p; q = q.next {
		all += len(q.unjudged)
	}
	if all >= mostUnjudged {
		f.end(p, endedUnjudged)
	}
}

// settle counts the schedules up to where the enumeration ended, and gathers what they have shown; base were counted before.
// unjudged says that some of them came to the step limit. count is given the marks of the schedules that count.
func (f *frontier) settle(all *sightings, base uint64, count func([]mark)) (schedules uint64, end ending, unjudged bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	given := 0
	for p := f.first; p != nil && end == notEnded; p = p.next {
		n := p.executed.Load()
		if end = p.end; end != notEnded {
			n = p.endedAfter
		}
		if f.limit > 0 && schedules+n > f.limit {
			n, end = f.limit-schedules, endedByLimit
		}
		for _, at := range p.unjudged {
			if at > n {
				break
			}
			if given++; given == mostUnjudged && (at < n || end != endedByFailure) {
				n, end = at, endedUnjudged
			}
		}
		unjudged = unjudged || given > 0
		all.include(&p.shown, base+schedules, n)
		count(p.counted(n))
		schedules += n
	}
	return schedules, end, unjudged
}

// abandon ends the enumeration because it is not worth more schedules.
func (f *frontier) abandon() {
	f.mu.Lock()
	f.abandoned = true
	f.mu.Unlock()
	f.close()
}

// close ends the enumeration early.
func (f *frontier) close() {
	f.mu.Lock()
	f.closed = true
	f.changed.Broadcast()
	f.mu.Unlock()
}
