// Random numbers in a controlled bubble: those of the code under test follow from the seed of the execution.

package runtime

import _ "unsafe" // for go:linkname

// A racewindowRandom is SplitMix64.
type racewindowRandom uint64

//go:nosplit
func (r *racewindowRandom) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// seeded begins an execution.
func (c *racewindowBubble) seeded(seed uint64) {
	c.drawn = racewindowRandom(seed)
	c.ties = racewindowRandom(seed + 1<<32)
	c.others = 1 << 33
}

// racewindowDraws returns the controlled bubble of a goroutine of the code under test; nil for the driver, whose numbers come from elsewhere,
// so that it may draw as often as it likes.
//
//go:nosplit
func racewindowDraws(gp *g) *racewindowBubble {
	if c := racewindowOf(gp); c != nil && gp != c.root && !c.off {
		return c
	}
	return nil
}

//go:nosplit
func (c *racewindowBubble) draw() uint64 {
	c.outcome.random = true
	return c.drawn.next()
}

// What code outside of the runtime takes by these names, by go:linkname, belongs to the schedule too. The runtime's own draws do not: it makes
// some of them now and then only.

//go:linkname racewindowCheap runtime.cheaprand
func racewindowCheap() uint32 {
	if c := racewindowDraws(getg()); c != nil {
		return uint32(c.draw())
	}
	return cheaprand()
}

//go:linkname racewindowCheap64 runtime.cheaprand64
func racewindowCheap64() int64 {
	if c := racewindowDraws(getg()); c != nil {
		return int64(c.draw() >> 1)
	}
	return cheaprand64()
}

//go:linkname racewindowCheapN runtime.cheaprandn
func racewindowCheapN(n uint32) uint32 {
	if c := racewindowDraws(getg()); c != nil {
		return uint32(uint64(uint32(c.draw())) * uint64(n) >> 32)
	}
	return cheaprandn(n)
}

// racewindowOtherRand is rand for the names of temporary files.
//
//go:linkname racewindowOtherRand
func racewindowOtherRand() uint64 {
	if c := racewindowDraws(getg()); c != nil {
		return c.others.next()
	}
	return rand()
}

// racewindowTie orders timers that are due at the same moment.
func racewindowTie(b *synctestBubble) uint32 {
	if b != nil && b.racewindow != nil {
		return uint32(b.racewindow.ties.next() >> 32)
	}
	return cheaprand()
}

// racewindowSecret notes the function that reads random numbers that follow from no seed.
//
//go:linkname racewindowSecret
//go:noinline
func racewindowSecret() {
	if c := racewindowDraws(getg()); c != nil && c.outcome.secret == 0 {
		c.outcome.secret = racewindowStands(getfp())
	}
}

// racewindowMoment returns the time outside of any bubble, in nanoseconds.
//
//go:linkname racewindowMoment
func racewindowMoment() int64 { return nanotime() }
