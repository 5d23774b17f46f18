package sched

// What a schedule adds to the counts of a search must not depend on the number of workers. Workers may execute schedules
// past the one that ends a part of the search, and only later is it known which these are. So the counts of a schedule
// are kept as a mark until it is certain that the schedule counts.

// A mark is what one schedule adds.
type mark struct {
	number uint64 // of a schedule drawn at random
	hash   uint64 // of its choices
	order  uint64 // the fingerprint of its partial order
	steps  int
}

// mostMarks is how many marks an enumeration keeps: 32 MiB. If there are more, they are counted early. If the enumeration
// is then cut short, a few too many are counted.
const mostMarks = 1 << 20

// mark keeps what the schedule that was just executed adds.
func (e *explorer) mark(c *Chooser, strategy Strategy) {
	m := mark{e.number, c.hash, e.follower.follow(c.trace, c.mechanism.Threads()), len(c.trace)}
	b, enumerated := strategy.(*bounded)
	if !enumerated {
		if e.marks = append(e.marks, m); len(e.marks) >= flushEvery {
			e.flushMarks()
		}
		return
	}
	p := b.part
	if p.marks = append(p.marks, m); b.frontier.kept.Add(1) > mostMarks && len(p.marks) >= flushEvery {
		b.frontier.kept.Add(-int64(len(p.marks)))
		e.search.countMarks(p.marks, false)
		p.told, p.marks = p.told+uint64(len(p.marks)), p.marks[:0]
	}
}

// counted returns the marks of a part's first n schedules that were not counted early.
func (p *part) counted(n uint64) []mark {
	return p.marks[:min(uint64(len(p.marks)), n-min(n, p.told))]
}

// flushMarks counts the schedules drawn at random that certainly count: those before all that are still being executed, unless the
// search has ended.
func (e *explorer) flushMarks() {
	s := e.search
	lowest := uint64(everything)
	for _, other := range s.working {
		lowest = min(lowest, other.current.Load())
	}
	if s.stopped.Load() { // a schedule that ended the search was current until then
		return
	}
	n := 0
	for n < len(e.marks) && e.marks[n].number < lowest {
		n++
	}
	s.countMarks(e.marks[:n], e.random)
	e.marks = e.marks[:copy(e.marks, e.marks[n:])]
}

// countMarks adds what schedules have shown.
func (s *search) countMarks(marks []mark, random bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range marks {
		if len(s.distinct) < maxDistinct {
			s.distinct[m.hash] = struct{}{}
		}
		s.covered.see(m.order, random)
		s.stats.Steps += uint64(m.steps)
		s.stats.MaxSteps = max(s.stats.MaxSteps, m.steps)
	}
}

// countLate counts those of the schedules drawn at random that no worker could count and that come before the end.
func (s *search) countLate(end uint64, random bool) {
	var marks []mark
	for _, m := range s.late {
		if m.number < end {
			marks = append(marks, m)
		}
	}
	s.late = s.late[:0]
	s.countMarks(marks, random)
}
