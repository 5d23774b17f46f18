package storage

import (
	"context"
	"fmt"
	"sort"
	"strings"
)

// A Handover is a way in which flushed records pass from memory to the file while readers go on. The zero value means
// the default. Each lives in a file of its own, which says what it stands for; no other code names one.
type Handover struct {
	name    string
	summary string
	holds   bool
	canary  bool
	make    func(l *Log) handover
}

// Name is the word by which flags and reports call it.
func (h Handover) Name() string { return h.name }

// Summary says in a sentence what it does.
func (h Handover) Summary() string { return h.summary }

// Holds says whether it is meant to keep the promises. Those that do not are kept for comparison.
func (h Handover) Holds() bool { return h.holds }

// Canary says whether this is the known bug that a test run must find before its "nothing found" counts.
func (h Handover) Canary() bool { return h.canary }

// handovers is filled by the files that each hold one, and ordered by name when asked for.
var handovers []Handover

var theDefault *Handover

// register lists h; isDefault makes it the one that the zero Handover means.
func register(h Handover, isDefault bool) Handover {
	handovers = append(handovers, h)
	if isDefault {
		theDefault = &h
	}
	return h
}

func defaultHandover() Handover { return *theDefault }

// Handovers returns all of them, sorted by name.
func Handovers() []Handover {
	all := append([]Handover(nil), handovers...)
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	return all
}

// HandoverByName finds one by its name, in any case; the empty name means the default.
func HandoverByName(name string) (Handover, error) {
	if name == "" {
		return defaultHandover(), nil
	}
	var known []string
	for _, h := range Handovers() {
		if strings.EqualFold(h.name, name) {
			return h, nil
		}
		known = append(known, h.name)
	}
	return Handover{}, fmt.Errorf("%w: no hand-over is called %q: choose one of %s", ErrOptions, name, strings.Join(known, ", "))
}

// A handover answers one question, once per read: who serves the records past after, up to upTo?
type handover interface {
	plan(ctx context.Context, l *Log, after, upTo Offset) sources
}

// A writerSide is a handover that keeps records of its own and so must hear of appends and flushes. All methods are
// called with the log's lock held, so in one order.
type writerSide interface {
	// committed tells of a transaction whose frames are these, before the log's committed position covers it.
	committed(ctx context.Context, frames [][]byte, last Offset)
	// published tells that everything up to the view's persisted position is durable.
	published(ctx context.Context, v *view)
	// trim may forget what published told.
	trim(ctx context.Context, v *view)
}

// sources is the answer: first a part of the files, then a part of the memory. It is four words long because the compiler
// keeps no more in registers, and moving a longer one through memory takes as long as the rest of a read of the tail.
type sources struct {
	view *view
	// The view's arenas serve the positions [tailFrom, tailEnd).
	tailFrom, tailEnd uint64
	// other is what is served before that by others than the arenas, nil for nothing.
	other *otherSources
}

// otherSources are the files and frames that were copied out of a tail.
type otherSources struct {
	// file says whether the files serve (after, upTo], as far as the position end.
	file        bool
	after, upTo Offset
	end         uint64
	// asItIs says to go on past end for as long as the file holds intact frames, whoever may be writing them.
	asItIs bool
	// eager are frames that were taken out of a tail while planning. They come after those of the files.
	eager [][]byte
}
