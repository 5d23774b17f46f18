package sched

import (
	"iter"
	"math/rand/v2"
	"slices"
)

// Leaving out switches ends at a schedule of which no switch can be left out. Another one may do with fewer preemptions: the same threads
// in another order, or another cause of the same failure. Where few threads run, all schedules with fewer preemptions are executed. Where
// many do, their free choices alone (who goes on where a thread waits or ends) are more than could be executed, and an enumeration would
// only ever change the last ones. So the order of the threads is changed, first step by step, then by chance.
//
// The steps are those of Jalbert and Sen ("A trace simplification technique for effective debugging of concurrent programs", FSE 2010),
// who join two stretches of a thread where one of them is. Here both may come at any place of the order.

// fewerPreemptions looks for a schedule that fails with fewer preemptions until it finds none.
func (m *shrinking) fewerPreemptions() {
	if m.best.Preemptions == 0 {
		return
	}
	limit := m.r.w.chooser.limit
	defer func() { m.r.w.chooser.limit = limit }()
	for m.best.Preemptions > 0 {
		m.r.w.chooser.limit = min(limit, 4*m.best.Steps+100)
		if !m.rearrange() && !m.enumerate() && !m.draw() {
			break
		}
		m.fewerSwitches()
	}
}

// rearrange joins stretches of threads as long as the failure shows with fewer preemptions.
func (m *shrinking) rearrange() (changed bool) {
	o, ok := m.arrangement()
	for again := ok; again && m.best.Preemptions > 0; {
		again = false
		for candidate := range o.unpreempted() {
			if m.spent() {
				return changed
			}
			if m.fewer(candidate) {
				o, again, changed = m.r.w.chooser.arrangement(), true, true
				break
			}
		}
	}
	return changed
}

// arrangement returns that of the best schedule.
func (m *shrinking) arrangement() (o arrangement, ok bool) {
	if m.spent() || !m.shows(m.run(Follow(m.best.Schedule))) {
		return o, false
	}
	return m.r.w.chooser.arrangement(), true
}

// fewer executes an order. If it shows the failure with fewer preemptions, it is the best one from now on.
func (m *shrinking) fewer(o arrangement) bool {
	out := m.run(newArranged(o))
	if !m.shows(out) || out.Preemptions >= m.best.Preemptions {
		m.tried++
		return false
	}
	m.best, m.tried = out, 0
	return true
}

// enumerate executes all schedules with fewer preemptions, if they are not too many.
func (m *shrinking) enumerate() bool {
	bound := m.best.Preemptions - 1
	fewer, result := m.search(Options{Preemptions: bound, affordable: shrinkSchedules})
	if fewer != nil {
		if out := m.run(Follow(fewer)); m.shows(out) && out.Preemptions <= bound {
			m.best, m.tried = out, 0
			return true
		}
	}
	m.tried += int(result.Schedules)
	m.all = result.ExhaustedTo(bound)
	return false
}

// draws is how many orders are drawn. Without a preemption only the order matters, so fewer are enough.
func draws(preemptions int) int {
	if preemptions == 1 {
		return shrinkSchedules / 2
	}
	return shrinkSchedules
}

// draw executes orders with fewer preemptions that are drawn at random, half of them close to that of the best schedule.
func (m *shrinking) draw() bool {
	if m.all {
		return false
	}
	o, ok := m.arrangement()
	if !ok {
		return false
	}
	d := drawing{arrangement: o, source: rand.NewPCG(1, uint64(m.best.Preemptions)), stops: m.r.w.chooser.stretchesTo(&o)}
	for i := range draws(m.best.Preemptions) {
		if m.spent() {
			break
		}
		candidate, ok := d.close()
		if i%2 > 0 || !ok {
			candidate = d.any(m.best.Preemptions - 1)
		}
		if m.fewer(candidate) {
			return true
		}
	}
	return false
}

// unpreempted returns orders in which one stretch fewer ends although its thread could go on. The next stretch of the thread is joined to
// it. Both come where the first one is, then where the next one is, then in between, then anywhere.
func (o arrangement) unpreempted() iter.Seq[arrangement] {
	return func(yield func(arrangement) bool) {
		for j, s := range o.stretches {
			if !s.bounded() {
				continue
			}
			rest, both, next := o.joined(j)
			for _, to := range positions(j, next, len(rest.stretches)) {
				if !yield(rest.with(both, to)) {
					return
				}
			}
		}
	}
}

// joined returns the order without a stretch and the next one of its thread, what both are together, and where the next one was; the
// length if there was none.
func (o arrangement) joined(j int) (rest arrangement, both stretch, next int) {
	both, next = stretch{thread: o.stretches[j].thread}, len(o.stretches)
	rest = o
	rest.stretches = make([]stretch, 0, len(o.stretches))
	for i, s := range o.stretches {
		switch {
		case i == j:
		case i > j && next == len(o.stretches) && s.thread == both.thread:
			both.until, next = s.until, i
		default:
			rest.stretches = append(rest.stretches, s)
		}
	}
	return rest, both, next
}

// with returns the order with a stretch more.
func (o arrangement) with(s stretch, at int) arrangement {
	o.stretches = slices.Insert(slices.Clip(o.stretches), at, s)
	return o
}

// positions returns the numbers from 0 to n: first j, then those from the one where next was down to j, then those below, then those
// above.
func positions(j, next, n int) []int {
	all := []int{j}
	last := min(next-1, n)
	for at := last; at > j; at-- {
		all = append(all, at)
	}
	for at := j - 1; at >= 0; at-- {
		all = append(all, at)
	}
	for at := last + 1; at <= n; at++ {
		all = append(all, at)
	}
	return all
}

// A drawing draws orders.
type drawing struct {
	arrangement
	source *rand.PCG
	stops  []stretch // all that can be the end of a stretch
}

// stretchesTo returns a stretch to each place of the last execution where a thread could go on.
func (c *Chooser) stretchesTo(o *arrangement) (all []stretch) {
	hits := hitCounts{}
	for _, s := range c.chosen() {
		hit := hits.next(s)
		if s.from >= 0 && !s.is(waited|picked) {
			all = append(all, stretch{o.numbered(c.name(int(s.from))), c.place(s, hit)})
		}
	}
	return all
}

// any draws an order of all threads, and places at which some of them are left.
func (d *drawing) any(preemptions int) arrangement {
	o := arrangement{names: d.names, ways: d.ways}
	for i := range d.names {
		o = o.with(stretch{thread: i}, below(d.source, i+1))
	}
	for range preemptions {
		if len(d.stops) == 0 {
			break
		}
		s := d.stops[below(d.source, len(d.stops))]
		last := slices.IndexFunc(o.stretches, func(other stretch) bool { return other.thread == s.thread && !other.bounded() })
		at := below(d.source, len(o.stretches)+1)
		if at > last {
			o = o.with(stretch{thread: s.thread}, at)
			o.stretches[last] = s
		} else {
			o = o.with(s, at)
		}
	}
	return o
}

// close draws an order that has a preemption less, some stretches elsewhere, and perhaps other places at which threads are left.
func (d *drawing) close() (o arrangement, ok bool) {
	var bounded []int
	for i, s := range d.stretches {
		if s.bounded() {
			bounded = append(bounded, i)
		}
	}
	if len(bounded) == 0 {
		return o, false
	}
	o, both, _ := d.joined(bounded[below(d.source, len(bounded))])
	o = o.with(both, below(d.source, len(o.stretches)+1))
	for range below(d.source, 4) {
		i := below(d.source, len(o.stretches))
		s := o.stretches[i]
		o.stretches = slices.Delete(o.stretches, i, i+1)
		o = o.with(s, below(d.source, len(o.stretches)+1))
	}
	for i, s := range o.stretches {
		if s.bounded() && below(d.source, 2) == 0 {
			if other := d.stops[below(d.source, len(d.stops))]; other.thread == s.thread {
				o.stretches[i] = other
			}
		}
	}
	return o, true
}
