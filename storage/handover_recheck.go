package storage

import (
	"context"

	"github.com/pingcap/failpoint"
)

// Recheck is Option A as it was meant: before it reads the tail, it loads the persisted offset again and decides by that,
// with a strict comparison and with the bound kept. (The analysis changes only the read of the tail alone. Here the mixed
// read checks again too, so this is the most that a second check can do.) The window between the check and the read is
// narrower, but still there.
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
