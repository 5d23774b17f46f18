package sched

import "slices"

// An execution that does not end has a schedule as long as the step limit. Its short form is the switches that lead into
// a cycle, followed by the cycle.
//
// The switches of a random walk do not repeat. So only a few of its first switches are followed; after them, each thread
// that can go on takes one step in turn. If that goes on for ever too, its steps do repeat.

// turnwise follows a schedule, and then gives each thread a step in turn.
type turnwise struct{ *replay }

func (t *turnwise) Next(c *Choice) int {
	if t.unmade > 0 {
		return t.replay.Next(c)
	}
	stopped := c.chooser.stopped.Thread
	for i, e := range c.Enabled {
		if e.Thread > stopped {
			return i
		}
	}
	return 0
}

// leastRounds is how often an execution must repeat a cycle before it is believed.
const leastRounds = 4

// hung replaces the schedule of an execution that does not end by its cycle. If it finds none, the schedule stays as it is.
func (m *shrinking) hung() {
	m.best.Early = true
	if !m.wayIn() {
		return
	}
	threads := m.turning()
	schedule, found := m.cycleOf()
	if !found {
		return
	}
	goesRound := func(s Schedule) bool {
		r := newReplay(s, false)
		out := m.run(r)
		if !m.shows(out) || r.rounds < leastRounds || !slices.Equal(m.turning(), threads) {
			return false
		}
		m.best = out
		return true
	}
	if !goesRound(schedule) {
		return
	}
	m.best.Early = !LeaveOut(func() int { return len(m.best.Schedule) }, m.spent, func(from, to int) bool {
		return goesRound(slices.Delete(slices.Clone(m.best.Schedule), from, to))
	})
}

// wayIn looks for the fewest first switches after which taking turns still shows the failure. It executes those last.
func (m *shrinking) wayIn() (found bool) {
	all, _ := m.best.Schedule.Cycle()
	leads := func(s Schedule) bool {
		t := &turnwise{newReplay(s, true)}
		out := m.run(t)
		return m.shows(out) && t.unmade == 0
	}
	n := 0
	for ; !leads(all[:n]); n = min(max(1, 2*n), len(all)) {
		if n == len(all) || m.spent() {
			return false
		}
	}
	way := slices.Clone(all[:n])
	LeaveOut(func() int { return len(way) }, m.spent, func(from, to int) bool {
		fewer := slices.Delete(slices.Clone(way), from, to)
		if !leads(fewer) {
			return false
		}
		way = fewer
		return true
	})
	return leads(way)
}

// turning returns the threads that took steps in the last quarter of what a strategy chose.
func (m *shrinking) turning() (threads []int16) {
	c := &m.r.w.chooser
	trace := c.chosen()
	for _, s := range trace[len(trace)*3/4:] {
		if !slices.Contains(threads, s.to) {
			threads = append(threads, s.to)
		}
	}
	slices.Sort(threads)
	return threads
}

// cycleOf returns the schedule of the last execution: its switches until it repeats itself, and then the cycle.
func (m *shrinking) cycleOf() (Schedule, bool) {
	c := &m.r.w.chooser
	trace := c.chosen()
	half := trace[len(trace)/2:]
	length := period(half)
	if len(half) < leastRounds*length {
		return nil, false
	}
	begin := len(trace) / 2
	for begin > 0 && trace[begin-1] == trace[begin-1+length] {
		begin--
	}
	var before, cycle Schedule
	hits := hitCounts{}
	for i, s := range trace[:begin+length] {
		place := c.place(s, hits.next(s))
		switch {
		case !s.is(deviates):
		case i < begin:
			before = append(before, Switch{place, c.name(int(s.to))})
		case place.Point == EndPoint || place.Point == StartPoint:
			return nil, false
		default:
			place.Hit = EachHit
			cycle = append(cycle, Switch{place, c.name(int(s.to))})
		}
	}
	return append(before, cycle...), len(cycle) > 0
}

// period is the smallest p, at least 1, with all[i] == all[i+p] wherever both exist, found as Knuth, Morris and Pratt do.
func period[E comparable](all []E) int {
	border := make([]int, len(all)+1)
	for i, n := 1, 0; i < len(all); i++ {
		for n > 0 && all[i] != all[n] {
			n = border[n]
		}
		if all[i] == all[n] {
			n++
		}
		border[i+1] = n
	}
	return max(len(all)-border[len(all)], 1)
}

// wordy is the most switches that the schedule of an endless execution may have before its cycle replaces it.
const wordy = 32

// shortenCycles gives each endless finding a shorter schedule: one that a person can read and a shell can take.
func (s *search) shortenCycles(all []Finding) {
	for i := range all {
		if f := &all[i]; f.Failure.hangs() && len(f.Schedule) > wordy {
			out := NewMechanismRunner(s.mechanism, s.options).Shrink(f.Schedule)
			if out.Failure != nil && out.Failure.Class() == f.Failure.Class() {
				f.Failure, f.Schedule, f.Preemptions = out.Failure, out.Schedule, out.Preemptions
			}
		}
	}
}
