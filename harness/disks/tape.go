package disks

// A Tape is the only source of a disk's random choices, and records them. Draws after the end of a replayed tape are 0,
// which is always the simplest choice: an image in which everything has survived, a failed write that wrote nothing.
//
// Only one goroutine at a time may use it, except through one disk. It is hidden from the race detector.
type Tape struct {
	seed  uint64
	step  uint64
	drawn []uint64
	// replayed are the draws to make; fixed says that there are no others.
	replayed []uint64
	fixed    bool
}

// NewTape returns a tape whose draws follow from the seed.
func NewTape(seed uint64) *Tape { return &Tape{seed: seed} }

// Replay returns a tape with these draws, then zeros. Each draw is taken modulo the number of choices.
func Replay(draws []uint64) *Tape {
	return &Tape{replayed: append([]uint64(nil), draws...), fixed: true}
}

// Drawn returns all draws so far.
func (t *Tape) Drawn() []uint64 { return append([]uint64(nil), t.drawn...) }

// Draw returns a number below choices, which must be positive. The bias is below choices/2^64.
//
//go:norace
func (t *Tape) Draw(choices uint64) uint64 {
	v := uint64(0)
	switch {
	case !t.fixed:
		v = t.next()
	case len(t.drawn) < len(t.replayed):
		v = t.replayed[len(t.drawn)]
	}
	v %= choices
	t.drawn = append(t.drawn, v)
	return v
}

// next is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014). It is implemented
// here because the race detector sees the state of the generators of math/rand/v2.
//
//go:norace
func (t *Tape) next() uint64 {
	t.step++
	z := t.seed + t.step*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
