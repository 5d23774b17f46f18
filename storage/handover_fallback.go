package storage

import "context"

// Fallback is what the analysed system shipped (electric-sql/electric, pull request 3719). If the tail ends short of the
// bound, it takes the tail to have been cleared by a flush, and reads everything from the file instead. But no tail
// reaches a bound that lies between two existing offsets, so such a read goes to the file even if its records are only
// in memory.
var Fallback = register(Handover{
	name:    "fallback",
	summary: "what the analysed system shipped: if the tail ends short of the bound, read the file instead",
	make: func(l *Log) handover {
		h := &fallback{}
		h.init(l)
		return h
	},
}, false)

type fallback struct{ sharedTail }

func (h *fallback) plan(ctx context.Context, l *Log, after, upTo Offset) sources {
	m, bound := h.load(ctx, upTo)
	switch {
	case !after.Before(m.persisted):
		frames, reached := h.read(ctx, after, bound)
		if reached.Before(bound) {
			return fromFile(ctx, l, after, bound)
		}
		return fromTail(frames)
	case !m.persisted.Before(bound):
		return fromFile(ctx, l, after, bound)
	default:
		frames, reached := h.read(ctx, m.persisted, bound)
		if reached.Before(bound) {
			return fromFile(ctx, l, after, bound)
		}
		return mixed(ctx, l, after, m.persisted, frames)
	}
}
