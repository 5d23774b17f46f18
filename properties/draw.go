package properties

import (
	"math/rand"
	"slices"
	"time"

	"github.com/leanovate/gopter"

	"github.com/racewindow/racewindow/harness/shrink"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// A Shape bounds the drawn cases.
type Shape struct {
	// Handovers are the hand-overs for which cases are drawn, by name.
	Handovers []string
	// Threads is the largest number of threads, default 4; Operations is the largest number of operations in one thread,
	// default 6.
	Threads, Operations int
	// Delays is the largest number of delays, default 3; negative means none.
	Delays int
	// Quiet leaves out what the store does on its own: flushes by size and time.
	Quiet bool
	// Rough also draws operations that end or refuse the calls of other clients. A delay may then wait for something that
	// never happens.
	Rough bool
	// Closing adds a thread that closes the log or its store. With Delays, the close and operations of the others overlap for
	// certain; other delays are not drawn. Closing implies Rough.
	Closing bool
}

// Cases generates cases of a shape. A case contains everything that was drawn, so its text can be executed again.
func Cases(s Shape) gopter.Gen {
	if s.Threads == 0 {
		s.Threads = 4
	}
	if s.Operations == 0 {
		s.Operations = 6
	}
	if s.Delays == 0 {
		s.Delays = 3
	}
	return func(p *gopter.GenParameters) *gopter.GenResult {
		return gopter.NewGenResult(drawing{s, p.Rng}.draw(), Shrinker)
	}
}

// Shrinker is the gopter.Shrinker of cases.
func Shrinker(value any) gopter.Shrink {
	var smaller []cases.Case
	for c := range shrink.Candidates(value.(cases.Case).General()) {
		smaller = append(smaller, cases.Of(c))
	}
	return func() (any, bool) {
		if len(smaller) == 0 {
			return nil, false
		}
		c := smaller[0]
		smaller = smaller[1:]
		return c, true
	}
}

// A drawing draws one case.
type drawing struct {
	Shape
	random *rand.Rand
}

// one picks one of the values.
func one[T any](r *rand.Rand, all ...T) T { return all[r.Intn(len(all))] }

func (d drawing) draw() cases.Case {
	c := cases.Draw(d.random, cases.Shape{Threads: d.Threads, Operations: d.Operations, Quiet: d.Quiet, Calm: !d.Rough && !d.Closing})
	c.Options.Handover = one(d.random, d.Handovers...)
	if d.Closing {
		d.addClose(&c)
		return c
	}
	if d.Delays > 0 {
		for range d.random.Intn(d.Delays + 1) {
			if delay := d.delay(c); delay.At.Thread != "" {
				c.Delays = append(c.Delays, delay)
			}
		}
	}
	return c
}

// The points at which threads are held up: in the windows of reads and flushes, and where a writer is between two steps.
var (
	readPoints = []string{
		"read/before-metadata", "read/committed-loaded", "read/metadata-loaded", "read/before-recheck", "read/rechecked",
		"read/before-tail", "read/between-tail-records", "read/before-files", "read/before-file",
	}
	appendPoints   = []string{"append/before-buffer", "append/buffered", "append/published"}
	fragmentPoints = []string{"transaction/begun", "transaction/added"}
	flushPoints    = []string{"flush/before-write", "flush/written", "flush/synced", "flush/published", "flush/trimmed", "flush/notify"}

	// onlyOf lists, for points that not every hand-over has, the hand-overs that have it. With another hand-over, a delay
	// there never happens.
	onlyOf = map[string][]string{
		"read/committed-loaded": {"snapshot"},
		"read/before-recheck":   {"recheck", "recheckliteral"},
		"read/rechecked":        {"recheck", "recheckliteral"},
		"read/before-files":     {"fallback", "recheck", "recheckliteral", "retain", "stale"},
	}
)

// readPoint draws a point that the hand-over has.
func (d drawing) readPoint(handover string) string {
	for {
		point := one(d.random, readPoints...)
		if of := onlyOf[point]; of == nil || slices.Contains(of, handover) {
			return point
		}
	}
}

// place draws a failpoint that the thread's operations probably pass; its Thread is "" if there is none.
func (d drawing) place(t cases.Thread, handover string) (at cases.Place) {
	o := one(d.random, t.Operations...)
	at.Thread = t.Name
	switch o.Kind {
	case cases.Read:
		at.Point = d.readPoint(handover)
	case cases.Append:
		at.Point = one(d.random, appendPoints...)
	case cases.Fragments, cases.Abort:
		at.Point = one(d.random, fragmentPoints...)
	case cases.Flush:
		at.Point = one(d.random, flushPoints...)
	default:
		return cases.Place{}
	}
	at.Hit = 1 + d.random.Intn(min(2, count(t, o.Kind)))
	return at
}

func count(t cases.Thread, kind cases.Kind) (n int) {
	for _, o := range t.Operations {
		if o.Kind == kind {
			n++
		}
	}
	return n
}

// delay draws a delay; its At.Thread is "" if none is possible.
func (d drawing) delay(c cases.Case) (delay cases.Delay) {
	r := d.random
	if r.Intn(2) == 0 {
		if delay = d.window(c); delay.While != nil {
			return delay
		}
	}
	t, other := one(r, c.Threads...), one(r, c.Threads...)
	if delay.At = d.place(t, c.Options.Handover); delay.At.Thread == "" {
		return delay
	}
	// Only a reader may wait for another's operation: it holds nothing that others need. Other threads might wait for ever.
	waits := t.Name != other.Name && slices.Contains(readPoints, delay.At.Point)
	switch kind := r.Intn(3); {
	case kind == 2 && t.Name != other.Name:
		delay.At.Point, delay.At.Hit = "op", r.Intn(len(t.Operations))
		delay.Until = &cases.Place{Thread: other.Name, Point: "op", Hit: r.Intn(len(other.Operations) + 1)}
	case kind == 1 && waits:
		delay.While = &cases.Turn{Thread: other.Name, Operation: 1 + r.Intn(len(other.Operations))}
	default:
		delay.For = time.Duration(1+r.Intn(20)) * 100 * time.Microsecond
	}
	return delay
}

// window draws a flush that runs while a reader is somewhere in its read, if the case has both.
func (d drawing) window(c cases.Case) (delay cases.Delay) {
	r := d.random
	having := func(kind cases.Kind, besides string) (threads []cases.Thread) {
		for _, t := range c.Threads {
			if t.Name != besides && count(t, kind) > 0 {
				threads = append(threads, t)
			}
		}
		return threads
	}
	readers := having(cases.Read, "")
	if len(readers) == 0 {
		return delay
	}
	reader := one(r, readers...)
	flushers := having(cases.Flush, reader.Name)
	if len(flushers) == 0 {
		return delay
	}
	flusher := one(r, flushers...)
	flush := slices.IndexFunc(flusher.Operations, func(o cases.Operation) bool { return o.Kind == cases.Flush })
	return cases.Delay{
		At:    cases.Place{Thread: reader.Name, Point: d.readPoint(c.Options.Handover), Hit: min(count(reader, cases.Read), one(r, 1, 1, 1, 2))},
		While: &cases.Turn{Thread: flusher.Name, Operation: flush + 1},
	}
}
