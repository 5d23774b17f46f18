package disks

// states describe a file at one moment, well enough to say what a crash may leave of it. They share sectors and effects with
// the file, which never changes them.
type states struct {
	durable content
	lost    []lostSector
	pending []effect
	dropped int
}

//go:norace
func (f *node) states() states { return states{f.durable, f.lost, f.pending, f.dropped} }

// A state is the content of a sector after the effect with that number; -1 means before all effects.
type state struct {
	sector *sector
	effect int
}

// A length is a possible length of the file after a crash, if the effects before number effects have changed and cut it.
type length struct {
	bytes   int64
	effects int
}

// lengths lists the possible lengths of the file, oldest first.
func (s *states) lengths() []length {
	all := []length{{s.durable.size, 0}}
	for k, e := range s.pending {
		if e.from == e.to {
			continue
		}
		if e.stepwise {
			for bytes := (e.from/SectorBytes + 1) * SectorBytes; bytes < e.to; bytes += SectorBytes {
				all = append(all, length{bytes, k + 1})
			}
		}
		all = append(all, length{e.to, k + 1})
	}
	return all
}

// through returns a state of sector number i if the truncations among the effects before number effects have survived.
//
//go:norace
func (s *states) through(v state, i, effects int) *sector {
	keep := int64(SectorBytes)
	for k := v.effect + 1; k < effects; k++ {
		if c := s.pending[k].cut; c >= 0 {
			keep = min(keep, max(0, c-int64(i)*SectorBytes))
		}
	}
	if keep == SectorBytes {
		return v.sector
	}
	return cut(v.sector, keep)
}

// reaches says whether a state of sector number i was written to the space that the file had after the effects before number
// effects. A truncation in between frees that space, and later writes go elsewhere.
func (s *states) reaches(v state, i, effects int) bool {
	for k := effects; k < v.effect; k++ {
		if c := s.pending[k].cut; c >= 0 && c <= int64(i)*SectorBytes {
			return false
		}
	}
	return true
}

// histories lists the sectors whose bytes are uncertain, in order, with the states of each, oldest first.
func (s *states) histories() (open []int, of [][]state) {
	count := len(s.durable.sectors)
	for _, l := range s.lost {
		count = max(count, l.number+1)
	}
	for k := range s.pending {
		count = max(count, s.pending[k].first+len(s.pending[k].sectors))
	}
	all, is := make([][]state, count), make([]bool, count)
	add := func(i int, v state) { all[i], is[i] = append(all[i], v), true }
	for i := range all {
		all[i] = []state{{s.durable.at(i), -1}}
	}
	for _, l := range s.lost {
		add(l.number, state{l.sector, -1})
	}
	for k := range s.pending {
		e := &s.pending[k]
		for i := range e.sectors {
			add(e.first+i, state{&e.sectors[i], k})
		}
		for i := int(e.cut / SectorBytes); e.cut >= 0 && i < count; i++ {
			is[i] = true
		}
	}
	for i, yes := range is {
		if yes {
			open, of = append(open, i), append(of, all[i])
		}
	}
	return open, of
}

// may lists what sector number i, with that history, may hold in a file of that length, without repetition, oldest first.
func (s *states) may(m Model, i int, history []state, l length) (found []*sector) {
	keep := min(SectorBytes, l.bytes-int64(i)*SectorBytes)
	add := func(b *sector) {
		b = cut(b, keep)
		for _, known := range found {
			if same(known, b) {
				return
			}
		}
		found = append(found, b)
	}
	for _, v := range history {
		if m == Ordered {
			if s.reaches(v, i, l.effects) {
				add(s.through(v, i, l.effects))
			}
			continue
		}
		add(v.sector)
		for k := range s.pending {
			if s.pending[k].cut >= 0 {
				add(s.through(v, i, k+1))
			}
		}
	}
	return found
}

// newest returns what sector number i holds in a file of that length if the effects before number effects have survived.
func (s *states) newest(i int, history []state, l length, effects int) *sector {
	for k := len(history) - 1; k > 0; k-- {
		if v := history[k]; v.effect < effects && s.reaches(v, i, l.effects) {
			return cut(s.through(v, i, l.effects), l.bytes-int64(i)*SectorBytes)
		}
	}
	return cut(s.through(history[0], i, l.effects), l.bytes-int64(i)*SectorBytes)
}

func same(a, b *sector) bool { return a == b || a != nil && b != nil && *a == *b }

// settleLost returns what is still uncertain after a successful sync that wrote everything but the first dropped effects:
// sectors that an earlier sync failed to write, and that have not been written again.
//
//go:norace
func (s *states) settleLost(dropped int) (lost []lostSector) {
	for _, l := range s.lost {
		lost = s.stillLost(lost, l, -1, dropped)
	}
	for k := range s.pending[:dropped] {
		for i := range s.pending[k].sectors {
			lost = s.stillLost(lost, lostSector{s.pending[k].first + i, &s.pending[k].sectors[i]}, k, dropped)
		}
	}
	return lost
}

//go:norace
func (s *states) stillLost(lost []lostSector, l lostSector, effect, dropped int) []lostSector {
	for k := range s.pending[dropped:] {
		if e := &s.pending[dropped+k]; l.number >= e.first && l.number < e.first+len(e.sectors) {
			return lost
		}
	}
	for k := effect + 1; k < len(s.pending); k++ { // a truncation freed its space
		if c := s.pending[k].cut; c >= 0 && c <= int64(l.number)*SectorBytes {
			return lost
		}
	}
	l.sector = s.through(state{l.sector, effect}, l.number, len(s.pending))
	return append(lost, l)
}
