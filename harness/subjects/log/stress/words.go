package stress

import (
	"context"
	"slices"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// Clients of this module's log also execute the operations that no other engine has (package words).

// own is the engine as the log of this module, nil if it is another one, or has a planted defect.
func (c *client) own() harness.Opened {
	opened, _ := c.round.engine.(harness.Opened)
	return opened
}

// appendOwn appends in a way that only the log of this module has.
func appendOwn(ctx context.Context, l *storage.Log, kind harness.OperationKind, records []storage.Record) (storage.Offset, error) {
	switch kind {
	case harness.OpDurable:
		return words.AppendDurable(ctx, l, records)
	case harness.OpPlaced:
		return words.AppendNext(ctx, l, records)
	}
	return words.Spend(ctx, l, slices.Collect(slices.Chunk(records, 1)), func(error) bool { return false })
}

// otherLog is the handle of the second log of the store.
const otherLog = "other"

// say executes an operation of package words that appends nothing to the log of the round.
func (c *client) say(ctx context.Context, own harness.Opened, op harness.Operation) *check.Violation {
	acknowledged := c.round.board.Acknowledged()
	c.recorder.note(eventBegin, nil, c.operation)
	var err error
	switch op.Kind {
	case harness.OpWatermarks:
		err = words.Watermarks(ctx, own.Log(), acknowledged)
	case harness.OpAgain:
		err = words.Again(ctx, own.Store(), own.Log())
	case harness.OpOther:
		err = words.Neighbour(ctx, own.Store(), otherLog, c.Records(c.Invoke(op.Records, true)))
	case harness.OpTaken:
		err = words.Taken(ctx, own.Log(), c.Records(c.Invoke(op.Records, true)))
	case harness.OpEnded:
		err = words.Ended(ctx, own.Log(), c.Records(c.Invoke(max(1, op.Records), true)))
	}
	return c.finish(err)
}
