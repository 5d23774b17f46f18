package sched

import "math/rand/v2"

// Random numbers of the program under test follow from a seed, which belongs to the schedule: seed=N is its first switch.
// Without one it is 0. Like a choice among ways, the seed is a step of the execution, and shrinking leaves it out if it
// can.

// SeedPoint is the place of a seed in a schedule's text.
const SeedPoint = "seed"

// MaxSeed is the largest seed.
const MaxSeed = 1<<15 - 1

// A sower draws seeds.
type sower interface{ sow() int }

// Seed is called by a mechanism before any thread runs. draws says that the program is known to use random numbers: otherwise
// only a prescribed seed matters.
func (c *Chooser) Seed(draws bool) int {
	seed := 0
	switch s := c.strategy.(type) {
	case *replay:
		seed = s.seed()
	case *recorded:
		seed = s.seed()
	case *retrace:
		seed = s.seed()
	case *arranged:
		seed = s.seed()
	case sower:
		if draws {
			seed = s.sow()
		}
	}
	if seed == 0 {
		return 0
	}
	c.trace = append(c.trace, newStep(&Candidate{Thread: NoThread, Point: AtStart}, seed, picked|deviates))
	if c.trail != nil {
		c.trail.add(uint16(seed) | trailWay)
	}
	if c.notes {
		c.sights = append(c.sights, Sight{})
	}
	c.hash = (c.hash ^ uint64(seed)) * fnvPrime
	return seed
}

// sown returns 0 half of the time.
func sown(source *rand.PCG) int { return max(below(source, 2*MaxSeed+1)-MaxSeed, 0) }

func (r *random) sow() int { return sown(&r.source) }
func (p *pct) sow() int    { return sown(&p.source) }
func (p *pos) sow() int    { return sown(&p.source) }
func (s *surw) sow() int   { return sown(&s.source) }

func (r *recorded) seed() int {
	if len(r.trace) == 0 || r.trace[0].from != NoThread || !r.trace[0].is(picked) {
		return 0
	}
	r.at = 1
	return int(r.trace[0].to)
}

func (r *retrace) seed() int {
	if len(r.choices) == 0 || r.choices[0]&trailWay == 0 {
		return 0
	}
	choice, _ := r.next()
	return int(choice &^ trailWay)
}

func (r *replay) seed() int {
	i, listed := r.at[Place{Point: SeedPoint}]
	if !listed {
		return 0
	}
	r.met[i] = true
	r.unmade--
	n, _ := r.before[i].isWay()
	return n
}
