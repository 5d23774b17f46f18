// Package shrink makes cases smaller: fewer threads, fewer operations, fewer faults, fewer and shorter delays, and whatever
// else the subject considers smaller. Minimize repeats this as long as the case fails in the same way.
package shrink

import (
	"iter"
	"slices"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
)

// Candidates yields cases that are one step smaller than c, the largest steps first. All are well formed. No chain of steps
// is endless, so replacing a case by a candidate ends.
func Candidates(c cases.Case) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		seen := map[string]bool{c.String(): true}
		for _, step := range []func(cases.Case) iter.Seq[cases.Case]{
			fewerThreads, fewerOperations, fewerFaults, fewerDelays, mergedThreads, heldOpen, c.Subject.Smaller, earlierHits, shorterDelays,
		} {
			for candidate := range step(c) {
				text := candidate.String()
				if seen[text] || candidate.Check() != nil {
					continue
				}
				seen[text] = true
				if !yield(candidate) {
					return
				}
			}
		}
	}
}

// each yields a copy of c for every index below n, changed by change. It leaves out those for which change returns false.
func each(c cases.Case, n int, change func(c *cases.Case, i int) bool) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		for i := range n {
			if smaller := c.Clone(); change(&smaller, i) && !yield(smaller) {
				return
			}
		}
	}
}

// all joins sequences.
func all(sequences ...iter.Seq[cases.Case]) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		for _, s := range sequences {
			for c := range s {
				if !yield(c) {
					return
				}
			}
		}
	}
}

func fewerThreads(c cases.Case) iter.Seq[cases.Case] {
	var sequences []iter.Seq[cases.Case]
	n := len(c.Threads)
	for span := max(1, n/2); span >= 1 && n > 1; span /= 2 {
		sequences = append(sequences, each(c, n-span+1, func(c *cases.Case, at int) bool {
			for _, t := range c.Threads[at : at+span] {
				dropDelaysOf(c, t.Name)
			}
			c.Threads = slices.Delete(c.Threads, at, at+span)
			return true
		}))
	}
	return all(sequences...)
}

// dropDelaysOf removes the delays and faults that name a thread.
func dropDelaysOf(c *cases.Case, name string) {
	c.Delays = slices.DeleteFunc(c.Delays, func(d cases.Delay) bool {
		return d.At.Thread == name || d.Until != nil && d.Until.Thread == name || d.While != nil && d.While.Thread == name
	})
	c.Faults = slices.DeleteFunc(c.Faults, func(f cases.Fault) bool { return f.At.Thread == name })
}

// fewerFaults leaves out one fault, all of them, or the crash.
func fewerFaults(c cases.Case) iter.Seq[cases.Case] {
	return all(
		each(c, 1, func(c *cases.Case, _ int) bool { c.Faults = nil; return true }),
		each(c, len(c.Faults), func(c *cases.Case, i int) bool { c.Faults = slices.Delete(c.Faults, i, i+1); return true }),
		each(c, 1, func(c *cases.Case, _ int) bool { c.Crash = nil; return true }),
	)
}

// mergedThreads moves the operations of one thread to the end of another's.
func mergedThreads(c cases.Case) iter.Seq[cases.Case] {
	n := len(c.Threads)
	return each(c, n*n, func(c *cases.Case, pair int) bool {
		first, second := pair/n, pair%n
		if first == second {
			return false
		}
		a, b := c.Threads[first], c.Threads[second]
		shift := len(a.Operations)
		for i := range c.Delays {
			c.Delays[i].EachPlace(func(thread *string, operation *int) {
				if *thread == b.Name {
					*thread = a.Name
					if operation != nil {
						*operation += shift
					}
				}
			})
		}
		c.Delays = slices.DeleteFunc(c.Delays, func(d cases.Delay) bool {
			return d.Until != nil && d.Until.Thread == d.At.Thread || d.While != nil && d.While.Thread == d.At.Thread
		})
		for i := range c.Faults {
			if c.Faults[i].At.Thread == b.Name {
				c.Faults[i].At.Thread = a.Name
			}
		}
		c.Threads[first].Operations = append(a.Operations, b.Operations...)
		c.Threads = slices.Delete(c.Threads, second, second+1)
		return true
	})
}

func fewerOperations(c cases.Case) iter.Seq[cases.Case] {
	var sequences []iter.Seq[cases.Case]
	for thread := range c.Threads {
		n := len(c.Threads[thread].Operations)
		for span := max(1, n/2); span >= 1 && n > 0; span /= 2 {
			sequences = append(sequences, each(c, 2*(n-span+1), func(c *cases.Case, i int) bool {
				for at := i/2 + span - 1; at >= i/2; at-- {
					c.DropOperation(thread, at)
				}
				return i%2 == 0 || lowerHits(c, c.Threads[thread].Name)
			}))
		}
	}
	return all(sequences...)
}

// lowerHits lowers the hit count of every delay at a failpoint of a thread by one, because a removed operation may have made
// one of the passes. It says whether any changed.
func lowerHits(c *cases.Case, thread string) (changed bool) {
	lower := func(p *cases.Place) {
		if p != nil && p.Thread == thread && p.Point != "op" && p.Hit > 1 {
			p.Hit--
			changed = true
		}
	}
	for i := range c.Delays {
		lower(&c.Delays[i].At)
		lower(c.Delays[i].Until)
	}
	return changed
}

func fewerDelays(c cases.Case) iter.Seq[cases.Case] {
	return all(
		each(c, 1, func(c *cases.Case, _ int) bool { c.Delays = nil; return true }),
		each(c, len(c.Delays), func(c *cases.Case, i int) bool { c.Delays = slices.Delete(c.Delays, i, i+1); return true }),
	)
}

// heldOpen replaces a delay for a time, or until a moment, by a delay during another thread's operation. What happens
// meanwhile is then always the same.
func heldOpen(c cases.Case) iter.Seq[cases.Case] {
	var sequences []iter.Seq[cases.Case]
	for at, d := range c.Delays {
		if d.While != nil {
			continue
		}
		for _, t := range c.Threads {
			sequences = append(sequences, each(c, len(t.Operations), func(c *cases.Case, i int) bool {
				c.Delays[at] = cases.Delay{At: d.At, While: &cases.Turn{Thread: t.Name, Operation: i + 1}}
				return true
			}))
		}
	}
	return all(sequences...)
}

// earlierHits moves a delay to an earlier pass of its point, because fewer operations make fewer passes.
func earlierHits(c cases.Case) iter.Seq[cases.Case] {
	lower := func(p *cases.Place, to func(int) int) bool {
		if p == nil || p.Point == "op" || p.Hit < 2 {
			return false
		}
		p.Hit = to(p.Hit)
		return true
	}
	first, before := func(int) int { return 1 }, func(n int) int { return n - 1 }
	var sequences []iter.Seq[cases.Case]
	for _, to := range []func(int) int{first, before} {
		sequences = append(sequences,
			each(c, len(c.Delays), func(c *cases.Case, i int) bool { return lower(&c.Delays[i].At, to) }),
			each(c, len(c.Delays), func(c *cases.Case, i int) bool { return lower(c.Delays[i].Until, to) }))
	}
	return all(sequences...)
}

func shorterDelays(c cases.Case) iter.Seq[cases.Case] {
	return each(c, len(c.Delays), func(c *cases.Case, i int) bool {
		d := &c.Delays[i]
		if d.For <= 100*time.Microsecond {
			return false
		}
		d.For = (d.For / 2).Round(10 * time.Microsecond)
		return true
	})
}

// Pinned yields cases in which one thread begins after an operation of another, and then waits at a failpoint during a later
// one. A case of two threads may have shown something in this order by luck. The cases are not smaller than c.
func Pinned(c cases.Case) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		for _, d := range c.Delays {
			for _, other := range c.Threads {
				for begin := 1; begin < len(other.Operations); begin++ {
					for turn := begin + 1; turn <= len(other.Operations); turn++ {
						pinned := c.Clone()
						pinned.Delays = []cases.Delay{
							{At: cases.Place{Thread: d.At.Thread, Point: "op"}, Until: &cases.Place{Thread: other.Name, Point: "op", Hit: begin}},
							{At: d.At, While: &cases.Turn{Thread: other.Name, Operation: turn}},
						}
						if pinned.Check() == nil && !yield(pinned) {
							return
						}
					}
				}
			}
		}
	}
}
