package storage

import (
	"context"
	"fmt"
	"sort"
	"strings"
)

// A Handover is a way in which flushed records pass from memory to the file while readers go on. The zero value means
// the default. Each has a file of its own, which says what it stands for; no other code names one.
type Handover struct {
	name    string
	summary string
	holds   bool
	canary  bool
	make    func(l *Log) handover
}

// Name is the hand-over's name in flags and reports.
func (h Handover) Name() string { return h.name }

// Summary says in one sentence what it does.
func (h Handover) Summary() string { return h.summary }

// Holds says whether it is meant to keep the promises. The others exist for comparison.
func (h Handover) Holds() bool { return h.holds }

// Canary says whether this is the known bug that a test run must find before its "nothing found" counts.
func (h Handover) Canary() bool { return h.canary }

// handovers lists every hand-over; each file registers its own.
var handovers []Handover

var theDefault *Handover

// register adds h to the list. isDefault makes h the meaning of the zero Handover.
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

// HandoverByName finds a hand-over by its name, ignoring upper and lower case. The empty name means the default.
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

// A writerSide is a handover that keeps records of its own, so the log tells it of appends and flushes. The log calls all
// methods with its lock held, so one after another.
type writerSide interface {
	// committed passes on a transaction's frames before the log's committed position covers them.
	committed(ctx context.Context, frames [][]byte, last Offset)
	// published says that everything up to the view's persisted position is durable.
	published(ctx context.Context, v *view)
	// trim may drop the records that the last published called durable.
	trim(ctx context.Context, v *view)
}

// sources is the answer: first what the files serve, then what memory serves. It is four words long because the compiler
// keeps no more in registers, and passing a longer one through memory takes as long as the rest of a read of the tail.
type sources struct {
	view *view
	// The view's arenas serve the positions [tailFrom, tailEnd).
	tailFrom, tailEnd uint64
	// other is served before the arenas; nil for nothing.
	other *otherSources
}

// otherSources are the files, and frames copied out of a hand-over's own tail.
type otherSources struct {
	// file says whether the files serve (after, upTo], as far as the position end.
	file        bool
	after, upTo Offset
	end         uint64
	// asItIs says to read past end for as long as the file holds intact frames, even while a flush writes them.
	asItIs bool
	// eager are frames that plan copied out of a tail. They come after those of the files.
	eager [][]byte
}
