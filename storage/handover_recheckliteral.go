package storage

import (
	"context"

	"github.com/pingcap/failpoint"
)

// RecheckLiteral is Option A exactly as the analysis writes it: before a read of the tail alone, it loads the persisted
// offset again, and if that "is not less than" the lower bound, it reads the file. "Not less" is also true if the two are
// equal, as they are whenever a reader follows the log's flushed end. It then reads the file up to the reader's own upper
// bound instead of the last complete transaction.
var RecheckLiteral = register(Handover{
	name:    "recheckliteral",
	summary: "Option A as written: look again before reading the tail, but compare with 'not less' and drop the bound",
	make: func(l *Log) handover {
		h := &recheckLiteral{}
		h.init(l)
		return h
	},
}, false)

type recheckLiteral struct{ sharedTail }

func (h *recheckLiteral) plan(ctx context.Context, l *Log, after, upTo Offset) sources {
	m, bound := h.load(ctx, upTo)
	switch {
	case !after.Before(m.persisted):
		failpoint.InjectCall("read/before-recheck", ctx)
		current := h.row.Load().persisted
		failpoint.InjectCall("read/rechecked", ctx)
		if !current.Before(after) {
			return fromFile(ctx, l, after, upTo)
		}
		frames, _ := h.read(ctx, after, bound)
		return fromTail(frames)
	case !m.persisted.Before(bound):
		return fromFile(ctx, l, after, bound)
	default:
		frames, _ := h.read(ctx, m.persisted, bound)
		return mixed(ctx, l, after, m.persisted, frames)
	}
}
