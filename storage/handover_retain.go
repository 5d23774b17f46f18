package storage

import (
	"context"
	"sort"
	"sync"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// Retain is Option B of the analysis: a flush retires a generation of the tail instead of clearing it. The generation is
// dropped when the readers that may need it have left. A reader enters before it loads the metadata, so it can never need
// a generation that was retired before it entered.
var Retain = register(Handover{
	name:    "retain",
	summary: "a flush retires a generation of the tail, which goes when its readers have left (Option B)",
	holds:   true,
	make: func(l *Log) handover {
		h := &retain{readers: map[uint64]int{}, generations: []generation{{}}}
		h.init(l)
		return h
	},
}, false)

type retain struct {
	metadataRow
	mu          sync.Mutex
	generations []generation   // oldest first; the last one is being filled
	readers     map[uint64]int // for each generation, how many readers entered while it was the last
}

type generation struct {
	number uint64
	frames [][]byte
}

var retainLock = failpoints.WaitPoint(Package, "retain/lock")

func (h *retain) plan(ctx context.Context, l *Log, after, upTo Offset) sources {
	entered := h.enter(ctx)
	defer h.leave(ctx, entered)
	m, bound := h.load(ctx, upTo)
	switch {
	case !after.Before(m.persisted):
		return fromTail(h.read(ctx, after, bound))
	case !m.persisted.Before(bound):
		return fromFile(ctx, l, after, bound)
	default:
		return mixed(ctx, l, after, m.persisted, h.read(ctx, m.persisted, bound))
	}
}

func (h *retain) enter(ctx context.Context) uint64 {
	failpoints.Lock(ctx, retainLock, &h.mu)
	defer h.mu.Unlock()
	number := h.generations[len(h.generations)-1].number
	h.readers[number]++
	return number
}

func (h *retain) leave(ctx context.Context, number uint64) {
	failpoints.Lock(ctx, retainLock, &h.mu)
	defer h.mu.Unlock()
	if h.readers[number]--; h.readers[number] == 0 {
		delete(h.readers, number)
	}
	h.release()
}

// release drops the retired generations that no reader can need.
func (h *retain) release() {
	oldest := h.generations[len(h.generations)-1].number
	for number := range h.readers {
		oldest = min(oldest, number)
	}
	keep := sort.Search(len(h.generations), func(i int) bool { return h.generations[i].number >= oldest })
	h.generations = append([]generation(nil), h.generations[keep:]...)
}

func (h *retain) read(ctx context.Context, after, upTo Offset) (frames [][]byte) {
	failpoint.InjectCall("read/before-tail", ctx)
	for {
		f := h.next(ctx, after)
		if f == nil || upTo.Before(frameOffset(f)) {
			return frames
		}
		frames, after = append(frames, f), frameOffset(f)
		failpoint.InjectCall("read/between-tail-records", ctx)
	}
}

func (h *retain) next(ctx context.Context, after Offset) []byte {
	failpoints.Lock(ctx, retainLock, &h.mu)
	defer h.mu.Unlock()
	for _, g := range h.generations {
		i := sort.Search(len(g.frames), func(i int) bool { return after.Before(frameOffset(g.frames[i])) })
		if i < len(g.frames) {
			return g.frames[i]
		}
	}
	return nil
}

func (h *retain) committed(ctx context.Context, frames [][]byte, last Offset) {
	failpoints.Lock(ctx, retainLock, &h.mu)
	g := &h.generations[len(h.generations)-1]
	g.frames = append(g.frames, frames...)
	h.mu.Unlock()
	failpoint.InjectCall("append/tail-inserted", ctx)
	h.setSeen(last)
}

func (h *retain) trim(ctx context.Context, _ *view) {
	failpoints.Lock(ctx, retainLock, &h.mu)
	defer h.mu.Unlock()
	h.generations = append(h.generations, generation{number: h.generations[len(h.generations)-1].number + 1})
	h.release()
}
