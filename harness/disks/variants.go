package disks

import "math"

// variants are the contents that a crash may leave of one file.
type variants struct {
	model   Model
	states  states
	lengths []length
	// open are the uncertain sectors, history the states of each.
	open    []int
	history [][]state

	counted  bool
	count    uint64 // an upper bound for the number of distinct variants, at most math.MaxUint64
	exact    bool
	distinct []*content // all of them, if there are few
}

// fewVariants is how many variants of one file are listed at most, to find equal ones.
const fewVariants = 1 << 12

func newVariants(m Model, s states) *variants {
	v := &variants{model: m, states: s}
	if len(s.pending) == 0 && len(s.lost) == 0 {
		v.lengths = []length{{s.durable.size, 0}}
		return v
	}
	v.open, v.history = s.histories()
	v.lengths = s.lengths()
	if m == Weak {
		v.lengths = distinctLengths(v.lengths)
	}
	return v
}

// distinctLengths keeps the newest of equal lengths.
func distinctLengths(all []length) (distinct []length) {
	for k, l := range all {
		if !hasLength(all[k+1:], l.bytes) {
			distinct = append(distinct, l)
		}
	}
	return distinct
}

func hasLength(all []length, bytes int64) bool {
	for _, l := range all {
		if l.bytes == bytes {
			return true
		}
	}
	return false
}

// within returns how many of the open sectors begin before the end of a file of that length.
func (v *variants) within(l length) int {
	n := 0
	for n < len(v.open) && int64(v.open[n])*SectorBytes < l.bytes {
		n++
	}
	return n
}

// choices lists what each open sector within a length may hold.
func (v *variants) choices(l length) [][]*sector {
	all := make([][]*sector, v.within(l))
	for k := range all {
		all[k] = v.states.may(v.model, v.open[k], v.history[k], l)
	}
	return all
}

// tally counts the variants, and lists them if there are few.
func (v *variants) tally() {
	if v.counted {
		return
	}
	v.counted, v.exact = true, true
	for k, l := range v.lengths {
		v.exact = v.exact && !hasLength(v.lengths[:k], l.bytes)
		product := uint64(1)
		for i := range v.within(l) {
			product = times(product, uint64(len(v.states.may(v.model, v.open[i], v.history[i], l))))
			if product == math.MaxUint64 {
				break
			}
		}
		if v.count = plus(v.count, product); v.count == math.MaxUint64 {
			v.exact = false
			return
		}
	}
	if v.count <= fewVariants {
		v.list()
	}
}

// list makes every variant, and drops those equal to an earlier one.
func (v *variants) list() {
	known := map[[hashBytes]byte]bool{}
	for _, l := range v.lengths {
		choices := v.choices(l)
		for picks := make([]int, len(choices)); picks != nil; picks = next(picks, choices) {
			c := v.build(l, func(k int) *sector { return choices[k][picks[k]] })
			if h := c.hash(); !known[h] {
				known[h], c.sum = true, &h
				v.distinct = append(v.distinct, c)
			}
		}
	}
	v.count, v.exact = uint64(len(v.distinct)), true
}

// next advances picks like a counter, the first digit fastest, and returns nil after the last.
func next(picks []int, choices [][]*sector) []int {
	for k := range picks {
		if picks[k]++; picks[k] < len(choices[k]) {
			return picks
		}
		picks[k] = 0
	}
	return nil
}

// build makes a content of that length; pick says what the k-th open sector holds.
func (v *variants) build(l length, pick func(k int) *sector) *content {
	c := v.states.durable.clone()
	c.size = l.bytes
	if keep := sectorsFor(l.bytes); keep < len(c.sectors) {
		c.sectors = c.sectors[:keep]
	}
	for k := range v.within(l) {
		c.set(v.open[k], pick(k))
	}
	return &c
}

// sample draws one variant. Neither crashes nor draws are uniform: the newest state, the state of the last sync, a clean
// stop in the order of writes, and a single late sector are drawn often; any mixture is possible.
func (v *variants) sample(tape *Tape) *content {
	if len(v.open) == 0 && len(v.lengths) == 1 {
		c := v.states.durable.clone()
		return &c
	}
	last := v.lengths[len(v.lengths)-1]
	switch tape.Draw(6) {
	case 0:
		return v.stop(last, len(v.states.pending))
	case 1:
		c := v.states.durable.clone()
		return &c
	case 2:
		effects := int(tape.Draw(uint64(len(v.states.pending) + 1)))
		return v.stop(v.lengthAfter(effects), effects)
	case 3:
		return v.late(last, tape)
	default:
		return v.mix(v.lengths[uint64(len(v.lengths)-1)-tape.Draw(uint64(len(v.lengths)))], tape)
	}
}

// lengthAfter returns the length after the effects before number effects.
func (v *variants) lengthAfter(effects int) length {
	found := v.lengths[0]
	for _, l := range v.lengths {
		if l.effects <= effects {
			found = l
		}
	}
	return found
}

// stop returns the file after its effects before number effects.
func (v *variants) stop(l length, effects int) *content {
	return v.build(l, func(k int) *sector { return v.states.newest(v.open[k], v.history[k], l, effects) })
}

// late returns the newest state, except for one sector.
func (v *variants) late(l length, tape *Tape) *content {
	open := v.within(l)
	if open == 0 {
		return v.stop(l, len(v.states.pending))
	}
	one := int(tape.Draw(uint64(open)))
	may := v.states.may(v.model, v.open[one], v.history[one], l)
	chosen := may[tape.Draw(uint64(len(may)))]
	return v.build(l, func(k int) *sector {
		if k == one {
			return chosen
		}
		return v.states.newest(v.open[k], v.history[k], l, len(v.states.pending))
	})
}

// mix draws each sector.
func (v *variants) mix(l length, tape *Tape) *content {
	return v.build(l, func(k int) *sector {
		may := v.states.may(v.model, v.open[k], v.history[k], l)
		if len(may) == 1 {
			return may[0]
		}
		return may[uint64(len(may)-1)-tape.Draw(uint64(len(may)))]
	})
}

// times multiplies and plus adds, both limited to math.MaxUint64.
func times(a, b uint64) uint64 {
	if a != 0 && b > math.MaxUint64/a {
		return math.MaxUint64
	}
	return a * b
}

func plus(a, b uint64) uint64 {
	if a+b < a {
		return math.MaxUint64
	}
	return a + b
}
