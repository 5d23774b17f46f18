package sched

import "math/rand/v2"

// random is the random walk: each thread that can go on is as likely as any other.
type random struct{ source rand.PCG }

func newRandom(p Parameters) Strategy { return &random{*rand.NewPCG(p.Seed, p.Stream)} }

func (*random) Name() string  { return "random" }
func (*random) Begin() bool   { return true }
func (*random) End(int, bool) {}

func (r *random) Next(c *Choice) int {
	if c.fires(&r.source) {
		return c.clock()
	}
	return walk(&r.source, c)
}

// walk is a step of the random walk.
func walk(source *rand.PCG, c *Choice) int {
	if len(c.Enabled) == 1 {
		return 0
	}
	return below(source, len(c.Enabled))
}

// below draws from 0 to n-1 (Lemire's multiplication; the bias is below n/2^32).
func below(source *rand.PCG, n int) int {
	return int((source.Uint64() >> 32) * uint64(n) >> 32)
}
