package storage

import "context"

// Stale is the seed's bug: from its snapshot of the metadata the reader decides to read the tail; then the writer flushes
// and clears the tail; then the reader reads it. It finds nothing, or only a part if the tail is cleared between two records.
// (pure_file_storage.ex:1115-1156 and write_loop.ex:312-340 of the analysed system, before its fix.)
var Stale = register(Handover{
	name:    "stale",
	summary: "the seed's bug: a snapshot of the metadata, then a shared tail that a flush clears",
	canary:  true,
	make: func(l *Log) handover {
		h := &stale{}
		h.init(l)
		return h
	},
}, false)

type stale struct{ sharedTail }

func (h *stale) plan(ctx context.Context, l *Log, after, upTo Offset) sources {
	m, bound := h.load(ctx, upTo)
	switch {
	case !after.Before(m.persisted): // the tail alone
		frames, _ := h.read(ctx, after, bound)
		return fromTail(frames)
	case !m.persisted.Before(bound): // the file alone
		return fromFile(ctx, l, after, bound)
	default:
		frames, _ := h.read(ctx, m.persisted, bound)
		return mixed(ctx, l, after, m.persisted, frames)
	}
}
