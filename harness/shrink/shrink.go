// Package shrink makes cases smaller: fewer threads, fewer operations, fewer records, smaller values, plainer bounds,
// fewer and shorter delays. It knows nothing of what a case shows; whoever asks runs the candidates.
package shrink

import (
	"iter"
	"slices"
	"time"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// Candidates yields cases that are each a step smaller than c, the greatest steps first. All are well formed. Taking one
// after the other that still shows the same, until none does, ends: no chain of steps is endless.
func Candidates(c cases.Case) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		seen := map[string]bool{c.String(): true}
		for _, step := range []func(cases.Case) iter.Seq[cases.Case]{
			fewerThreads, fewerOperations, fewerFaults, fewerDelays, mergedThreads, mergedAppends, heldOpen, plainerOptions, fewerRecords, smallerValues,
			plainerBounds, earlierHits, shorterDelays,
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

// each yields a copy of c for every index below n, changed by change, unless change says that it cannot be.
func each(c cases.Case, n int, change func(c *cases.Case, i int) bool) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		for i := range n {
			if smaller := c.Clone(); change(&smaller, i) && !yield(smaller) {
				return
			}
		}
	}
}

// all chains sequences.
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

// dropDelaysOf removes the delays and faults that speak of a thread.
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

// mergedThreads has one thread do another's operations behind its own, or before them.
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
			eachPlace(&c.Delays[i], func(thread *string, operation *int) {
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

// mergedAppends has one append take the records of another, which goes.
func mergedAppends(c cases.Case) iter.Seq[cases.Case] {
	type place struct{ thread, at int }
	var appends []place
	for t := range c.Threads {
		for i, o := range c.Threads[t].Operations {
			if o.Kind == cases.Append {
				appends = append(appends, place{t, i})
			}
		}
	}
	n := len(appends)
	return each(c, n*n, func(c *cases.Case, pair int) bool {
		kept, gone := appends[pair/n], appends[pair%n]
		if kept == gone {
			return false
		}
		o := &c.Threads[kept.thread].Operations[kept.at]
		other := c.Threads[gone.thread].Operations[gone.at]
		if len(o.Sizes) > 0 || len(other.Sizes) > 0 {
			for i := range other.Records() {
				o.Sizes = append(sizesOf(*o), other.ValueBytes(i))
				o.Fragments[0]++
			}
		} else {
			o.Fragments[0] += other.Records()
		}
		dropOperation(c, gone.thread, gone.at)
		return true
	})
}

// sizesOf are the lengths of the values of an append, one for each record.
func sizesOf(o cases.Operation) (sizes []int) {
	for i := range o.Records() {
		sizes = append(sizes, o.ValueBytes(i))
	}
	return sizes
}

// eachPlace visits the threads that a delay names, with the number of the operation where it is one.
func eachPlace(d *cases.Delay, visit func(thread *string, operation *int)) {
	place := func(p *cases.Place) {
		if p.Point == "op" {
			visit(&p.Thread, &p.Hit)
		} else {
			visit(&p.Thread, nil)
		}
	}
	place(&d.At)
	if d.Until != nil {
		place(d.Until)
	}
	if d.While != nil {
		visit(&d.While.Thread, &d.While.Operation)
	}
}

func fewerOperations(c cases.Case) iter.Seq[cases.Case] {
	var sequences []iter.Seq[cases.Case]
	for thread := range c.Threads {
		n := len(c.Threads[thread].Operations)
		for span := max(1, n/2); span >= 1 && n > 0; span /= 2 {
			sequences = append(sequences, each(c, 2*(n-span+1), func(c *cases.Case, i int) bool {
				for at := i/2 + span - 1; at >= i/2; at-- {
					dropOperation(c, thread, at)
				}
				return i%2 == 0 || lowerHits(c, c.Threads[thread].Name)
			}))
		}
	}
	return all(sequences...)
}

// dropOperation removes one operation and keeps the delays with the operations that they meant. One that meant the
// operation itself goes to its successor, or its predecessor.
func dropOperation(c *cases.Case, thread, at int) {
	t := &c.Threads[thread]
	t.Operations = slices.Delete(t.Operations, at, at+1)
	for i := range c.Delays {
		d := &c.Delays[i]
		if d.While != nil && d.While.Thread == t.Name && d.While.Operation == at+1 && at < len(t.Operations) {
			d.While.Operation++
		}
		eachPlace(d, func(name *string, operation *int) {
			if *name == t.Name && operation != nil && *operation > at {
				*operation--
			}
		})
	}
	c.Delays = slices.DeleteFunc(c.Delays, func(d cases.Delay) bool {
		return d.While != nil && d.While.Thread == t.Name && d.While.Operation == 0
	})
}

// lowerHits counts one pass less for every delay at a failpoint of a thread: an operation that is gone may have been it.
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

// heldOpen puts in the place of a length of time, or of a single moment, another thread's operation or the end of a flush
// by the store's task: then what happens meanwhile is the same each time.
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
		if d.For > 0 {
			sequences = append(sequences, each(c, 3, func(c *cases.Case, i int) bool {
				flushed := cases.Place{Thread: "flusher", Point: "flush/trimmed", Hit: i + 1}
				c.Delays[at] = cases.Delay{At: d.At, Until: &flushed}
				return true
			}))
		}
	}
	return all(sequences...)
}

func plainerOptions(c cases.Case) iter.Seq[cases.Case] {
	changes := []func(o *cases.Options){
		func(o *cases.Options) { *o = cases.Options{Handover: o.Handover} },
		func(o *cases.Options) { o.Arena = 0 },
		func(o *cases.Options) { o.Chunk = 0 },
		func(o *cases.Options) { o.Segment = 0 },
		func(o *cases.Options) { o.Flush = 0 },
		func(o *cases.Options) { o.Interval = 0 },
		func(o *cases.Options) { o.Seed = 0 },
	}
	return each(c, len(changes), func(c *cases.Case, i int) bool { changes[i](&c.Options); return true })
}

// eachOperation yields a copy of c for every operation and every way in which change makes it smaller.
func eachOperation(c cases.Case, change func(o cases.Operation) []cases.Operation) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		for t := range c.Threads {
			for i, o := range c.Threads[t].Operations {
				for _, smaller := range change(o) {
					candidate := c.Clone()
					candidate.Threads[t].Operations[i] = smaller
					if !yield(candidate) {
						return
					}
				}
			}
		}
	}
}

func fewerRecords(c cases.Case) iter.Seq[cases.Case] {
	return eachOperation(c, func(o cases.Operation) (smaller []cases.Operation) {
		n := o.Records()
		if n == 0 {
			return nil
		}
		sized := func(kind cases.Kind, fragments ...int) {
			next := cases.Operation{Kind: kind, Fragments: fragments, Sizes: slices.Clone(o.Sizes)}
			if records := next.Records(); len(next.Sizes) > records {
				next.Sizes = next.Sizes[:records]
			}
			smaller = append(smaller, next)
		}
		if o.Kind == cases.Fragments {
			sized(cases.Append, n)
		}
		if n > 1 {
			sized(o.Kind, 1)
		}
		if len(o.Fragments) > 1 {
			sized(o.Kind, o.Fragments[:len(o.Fragments)-1]...)
		} else if n > 2 {
			sized(o.Kind, n/2)
			sized(o.Kind, n-1)
		}
		return smaller
	})
}

func smallerValues(c cases.Case) iter.Seq[cases.Case] {
	return eachOperation(c, func(o cases.Operation) (smaller []cases.Operation) {
		if len(o.Sizes) == 0 {
			return nil
		}
		with := func(sizes ...int) {
			o.Sizes = sizes
			smaller = append(smaller, o)
		}
		sizes := slices.Clone(o.Sizes)
		with()
		if len(sizes) > 1 {
			with(slices.Max(sizes))
		}
		for i, n := range sizes {
			if n > 0 {
				halved := slices.Clone(sizes)
				halved[i] = n / 2
				with(halved...)
			}
		}
		return smaller
	})
}

func plainerBounds(c cases.Case) iter.Seq[cases.Case] {
	return eachOperation(c, func(o cases.Operation) (smaller []cases.Operation) {
		if o.Kind != cases.Read {
			return nil
		}
		for _, b := range plainer(o.After, cases.Bound{}) {
			smaller = append(smaller, cases.Operation{Kind: o.Kind, After: b, UpTo: o.UpTo})
		}
		for _, b := range plainer(o.UpTo, cases.Bound{Base: cases.TheEnd}) {
			smaller = append(smaller, cases.Operation{Kind: o.Kind, After: o.After, UpTo: b})
		}
		return smaller
	})
}

// plainer lists bounds that say less than b; plainest is the one that bounds nothing.
func plainer(b, plainest cases.Bound) (all []cases.Bound) {
	if b == plainest {
		return nil
	}
	all = append(all, plainest)
	with := func(changed bool, change func(b *cases.Bound)) {
		if next := b; changed {
			change(&next)
			all = append(all, next)
		}
	}
	with(b.Base == cases.Acked, func(b *cases.Bound) { *b = cases.Bound{Base: cases.Fixed, Tx: 1, Part: cases.PartAll} })
	with(b.Part == cases.PartRecord && b.Base >= cases.Fixed && b.Base != cases.Last, func(b *cases.Bound) { b.Part, b.Op = cases.PartAll, 0 })
	with(b.Tx > 1, func(b *cases.Bound) { b.Tx = 1 })
	with(b.Tx > 2, func(b *cases.Bound) { b.Tx-- })
	with(b.Shift != 0, func(b *cases.Bound) { b.Shift /= 2 })
	with(b.Op > 0, func(b *cases.Bound) { b.Op /= 2 })
	return all
}

// earlierHits has a delay wait at an earlier pass: fewer operations need fewer passes.
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

// Pinned yields cases in which one thread begins behind an operation of another and then stands at a failpoint while a
// later one runs: the order in which a case of two threads may have shown something by luck. They are no smaller than c.
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
