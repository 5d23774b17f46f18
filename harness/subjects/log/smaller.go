package log

import (
	"iter"
	"slices"

	"github.com/racewindow/racewindow/harness/cases"
)

// smaller yields cases that are a step smaller in the log's own parts: two appends merged, plainer options, fewer records,
// smaller values, plainer bounds, and a delay that ends with a flush instead of after a time.
func smaller(c Case) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		for _, step := range []func(Case) iter.Seq[Case]{mergedAppends, heldByFlusher, plainerOptions, fewerRecords, smallerValues, plainerBounds} {
			for next := range step(c) {
				if !yield(next.General()) {
					return
				}
			}
		}
	}
}

// each yields a copy of c for every index below n, changed by change, unless change reports that it does not apply.
func each(c Case, n int, change func(c *Case, i int) bool) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for i := range n {
			if next := c.Clone(); change(&next, i) && !yield(next) {
				return
			}
		}
	}
}

// heldByFlusher replaces a duration by the end of a flush by the store's task. Then the same happens meanwhile each time.
func heldByFlusher(c Case) iter.Seq[Case] {
	const flushes = 3
	return each(c, flushes*len(c.Delays), func(c *Case, i int) bool {
		d := &c.Delays[i/flushes]
		if d.For == 0 {
			return false
		}
		*d = Delay{At: d.At, Until: &Place{Thread: flusherThread, Point: "flush/trimmed", Hit: i%flushes + 1}}
		return true
	})
}

// mergedAppends moves the records of one append into another one, and drops the first.
func mergedAppends(c Case) iter.Seq[Case] {
	type place struct{ thread, at int }
	var appends []place
	for t := range c.Threads {
		for i, o := range c.Threads[t].Operations {
			if o.Kind == Append {
				appends = append(appends, place{t, i})
			}
		}
	}
	n := len(appends)
	return each(c, n*n, func(c *Case, pair int) bool {
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
		g := c.General()
		g.DropOperation(gone.thread, gone.at)
		*c = Of(g)
		return true
	})
}

// sizesOf returns the lengths of an append's values, one for each record.
func sizesOf(o Operation) (sizes []int) {
	for i := range o.Records() {
		sizes = append(sizes, o.ValueBytes(i))
	}
	return sizes
}

func plainerOptions(c Case) iter.Seq[Case] {
	changes := []func(o *Options){
		func(o *Options) { *o = Options{Handover: o.Handover} },
		func(o *Options) { o.Arena = 0 },
		func(o *Options) { o.Chunk = 0 },
		func(o *Options) { o.Segment = 0 },
		func(o *Options) { o.Flush = 0 },
		func(o *Options) { o.Tail = 0 },
		func(o *Options) { o.Cache = 0 },
		func(o *Options) { o.Value = 0 },
		func(o *Options) { o.NoSync = false },
		func(o *Options) { o.Frames = false },
		func(o *Options) { o.Interval = 0 },
		func(o *Options) { o.Seed = 0 },
	}
	return each(c, len(changes), func(c *Case, i int) bool { changes[i](&c.Options); return true })
}

// eachOperation yields a copy of c for every operation and every way in which change makes it smaller.
func eachOperation(c Case, change func(o Operation) []Operation) iter.Seq[Case] {
	return func(yield func(Case) bool) {
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

func fewerRecords(c Case) iter.Seq[Case] {
	return eachOperation(c, func(o Operation) (smaller []Operation) {
		n := o.Records()
		if n == 0 {
			return nil
		}
		sized := func(kind Kind, fragments ...int) {
			next := Operation{Kind: kind, Fragments: fragments, Sizes: slices.Clone(o.Sizes)}
			if kind == AppendAt {
				next.Place = o.Place
			}
			if records := next.Records(); len(next.Sizes) > records {
				next.Sizes = next.Sizes[:records]
			}
			smaller = append(smaller, next)
		}
		if plain, ok := plainerKind(o); ok {
			sized(plain, o.Fragments...)
		}
		if o.Kind == Fragments {
			sized(Append, n)
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

// plainerKind returns a kind that appends the same records in a plainer way.
func plainerKind(o Operation) (Kind, bool) {
	switch {
	case o.Kind == AppendDurable, o.Kind == AppendAt && o.Place == PlaceNext:
		return Append, true
	case o.Kind == Spent:
		return Fragments, true
	}
	return o.Kind, false
}

func smallerValues(c Case) iter.Seq[Case] {
	return eachOperation(c, func(o Operation) (smaller []Operation) {
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

func plainerBounds(c Case) iter.Seq[Case] {
	return eachOperation(c, func(o Operation) (smaller []Operation) {
		if o.Kind != Read {
			return nil
		}
		for _, b := range plainer(o.After, Bound{}) {
			smaller = append(smaller, Operation{Kind: o.Kind, After: b, UpTo: o.UpTo})
		}
		for _, b := range plainer(o.UpTo, Bound{Base: TheEnd}) {
			smaller = append(smaller, Operation{Kind: o.Kind, After: o.After, UpTo: b})
		}
		return smaller
	})
}

// plainer lists bounds that say less than b; plainest is the one that bounds nothing.
func plainer(b, plainest Bound) (all []Bound) {
	if b == plainest {
		return nil
	}
	all = append(all, plainest)
	with := func(changed bool, change func(b *Bound)) {
		if next := b; changed {
			change(&next)
			all = append(all, next)
		}
	}
	with(b.Base == Acked, func(b *Bound) { *b = Bound{Base: Fixed, Tx: 1, Part: PartAll} })
	with(b.Part == PartRecord && b.Base >= Fixed && b.Base != Last, func(b *Bound) { b.Part, b.Op = PartAll, 0 })
	with(b.Tx > 1, func(b *Bound) { b.Tx = 1 })
	with(b.Tx > 2, func(b *Bound) { b.Tx-- })
	with(b.Shift != 0, func(b *Bound) { b.Shift /= 2 })
	with(b.Op > 0, func(b *Bound) { b.Op /= 2 })
	return all
}
