package storage

import (
	"context"

	"github.com/pingcap/failpoint"
)

// Recheck is Option A as it was meant: before any read of the tail, look at the persisted offset once more and decide by
// that, with a strict comparison and the bound kept. (The analysis changes the read of the tail alone; here the mixed read
// looks again too, so this is the most that a second look can do.) The window between the look and the read is narrower, and open.
var Recheck = register(Handover{
	name:    "recheck",
	summary: "Option A as meant: look at the persisted offset again just before the tail; narrows the window",
	make: func(l *Log) handover {
		h := &recheck{}
		h.init(l)
		return h
	},
}, false)

type recheck struct{ sharedTail }

func (h *recheck) plan(ctx context.Context, l *Log, after, upTo Offset) sources {
	m, bound := h.load(ctx, upTo)
	if !m.persisted.Before(bound) {
		return fromFile(ctx, l, after, bound)
	}
	failpoint.InjectCall("read/before-recheck", ctx)
	current := h.row.Load().persisted
	failpoint.InjectCall("read/rechecked", ctx)
	switch {
	case !current.Before(bound): // flushed meanwhile
		return fromFile(ctx, l, after, bound)
	case after.Before(current):
		frames, _ := h.read(ctx, current, bound)
		return mixed(ctx, l, after, current, frames)
	default:
		frames, _ := h.read(ctx, after, bound)
		return fromTail(frames)
	}
}
