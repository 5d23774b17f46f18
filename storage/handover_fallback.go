package storage

import "context"

// Fallback is what the analysed system shipped (electric-sql/electric, pull request 3719): if the tail ends short of the
// bound, it must have been cleared, so what was looked for is in the file; read everything from there. A bound between
// two existing offsets is never reached, so such a read goes to the file whether the records are there or not.
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
