package sched

import "fmt"

// bounded enumerates every schedule with at most a number of preemptions, depth first: iterative context bounding of Musuvathi
// and Qadeer (PLDI 2007) does so for 0, 1, 2, ... in turn, so that the first failure has the fewest preemptions. Switches where
// the thread cannot go on, and between two operations, are free.
//
// With delays instead of preemptions it is delay bounding of Emmi, Qadeer and Rakamarić (POPL 2011): threads go on in a fixed
// order, and a schedule may pass over the next one a number of times, at any step.
//
// The stack holds what was chosen at each step of the last schedule; the next schedule repeats it up to the deepest step with
// something left to choose.
//
// For shrinking it counts every switch, even if the thread cannot go on.
type bounded struct {
	delays   bool
	switches bool
	bound    int
	frontier *frontier
	part     *part // that it works on
	stack    []branch
	fixed    int  // branches before this one are advanced by another part
	whole    bool // the part begins with the first schedule of all
	depth    int  // of the current schedule
	spent    int  // by the current schedule
	begun    bool
	capped   bool // something was left out because of the bound
}

// A branch is one step: which of its candidates was taken, counted from the one that goes on without a switch.
type branch struct {
	taken, count uint16
	costly       bool // every candidate but the first counts against the bound
	timer        bool // the last one is the clock, which counts too
	spent        int32
	since        uint64 // how many schedules the part had executed when this candidate was taken
}

func (b *bounded) Name() string {
	if b.delays {
		return fmt.Sprintf("delay-bounded(%d)", b.bound)
	}
	return fmt.Sprintf("bounded(%d)", b.bound)
}

// Begin moves to the next schedule of its own stack, or takes another part.
func (b *bounded) Begin() bool {
	b.depth, b.spent = 0, 0
	if !b.begun {
		b.begun = true
		return b.take()
	}
	for len(b.stack) > b.fixed {
		if top := &b.stack[len(b.stack)-1]; b.more(top) {
			top.taken++
			top.since = b.part.executed.Load()
			b.share()
			return true
		}
		b.stack = b.stack[:len(b.stack)-1]
	}
	return b.take()
}

// cost returns what taking a candidate spends.
func (b *bounded) cost(r *branch, taken uint16) int32 {
	switch {
	case b.delays:
		return int32(taken)
	case taken > 0 && (r.costly || b.switches || r.timer && taken == r.count-1):
		return 1
	}
	return 0
}

// more says whether the step has another candidate within the bound.
func (b *bounded) more(r *branch) bool {
	if r.taken+1 >= r.count {
		return false
	}
	if r.spent+b.cost(r, r.taken+1) > int32(b.bound) {
		b.capped = true
		return false
	}
	return true
}

// Next repeats the stack, then takes the candidates that cost nothing.
func (b *bounded) Next(c *Choice) int {
	if b.depth == len(b.stack) {
		b.stack = append(b.stack, branch{count: uint16(len(c.Enabled)), costly: c.Current >= 0 && !c.Boundary, timer: c.Timer, spent: int32(b.spent), since: b.part.executed.Load()})
	}
	r := &b.stack[b.depth]
	if int(r.count) != len(c.Enabled) {
		c.strayed(int(r.count))
		return -1
	}
	b.depth++
	b.spent += int(b.cost(r, r.taken))
	return b.candidate(c, int(r.taken))
}

// candidate returns the index of the n-th candidate: first the one that goes on without a switch, then the others in
// their order; for delays the order begins at that one and wraps around.
func (b *bounded) candidate(c *Choice, n int) int {
	first := c.Default()
	switch {
	case b.delays:
		return (first + n) % len(c.Enabled)
	case n == 0:
		return first
	case n <= first:
		return n - 1
	}
	return n
}

func (*bounded) End(int, bool) {}

// isFirst says whether the first schedule of all is the only one that this worker has executed.
func (b *bounded) isFirst() bool { return b.whole && b.part != nil && b.part.executed.Load() == 1 }

// guess estimates from the first schedule how many there are within a bound. It is Knuth's estimate (Mathematics of Computation 29,
// 1975) from one descent: the product of the choices that cost nothing and, for each preemption, of one plus the number of candidates
// that cost one. Preemptions come in one order, so those products count each schedule several times.
func (b *bounded) guess(bound int) float64 {
	free, costly := 1.0, 1.0
	for i := range b.stack {
		if r := &b.stack[i]; b.cost(r, 1) == 0 {
			free *= float64(r.count)
		} else {
			costly += float64(r.count - 1)
		}
	}
	for n := range bound {
		free *= costly / float64(n+1)
	}
	return free
}

// take gets a part of the tree from the frontier.
func (b *bounded) take() bool {
	b.part = b.frontier.take(b.part)
	if b.part == nil {
		return false
	}
	b.stack, b.fixed = b.part.branches, b.part.fixed
	b.whole = len(b.stack) == 0
	return true
}

// leave drops what is left of the part.
func (b *bounded) leave() { b.stack = b.stack[:b.fixed] }

// worthSharing is how many schedules a candidate must have had before those after it at its step are worth giving away.
const worthSharing = 8

// share gives what is left from a step upwards to an idle worker, and keeps what is deeper. It picks the shallowest step that has
// something left, because that leaves most. With a limit it picks the deepest one that is worth it, because schedules long after
// this one may not count in the end.
func (b *bounded) share() {
	if !b.frontier.hungry.Load() {
		return
	}
	at, limited, n := -1, b.frontier.limit > 0, b.part.executed.Load()
	for i := b.fixed; i < len(b.stack) && (at < 0 || limited); i++ {
		r := b.stack[i]
		if b.more(&r) && (!limited || n-r.since >= worthSharing) {
			at = i
		}
	}
	if at < 0 {
		return
	}
	branches := append([]branch(nil), b.stack[:at+1]...)
	last := &branches[at]
	last.taken++
	last.since = 0
	b.frontier.give(b.part, branches, b.fixed)
	b.fixed = at + 1
}
