package kill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

const (
	// otherLog is the handle of a log to which all clients append too, waitsLog that of one whose appends wait.
	otherLog = "other"
	waitsLog = "waits"
	// smallTail is a limit of the tail that few appends reach, in bytes.
	smallTail = 16 << 10
	// asideShare: after one in so many appends a client uses the store, or another log of it. closeShare: of these, the first client
	// closes the store in one of so many.
	asideShare, closeShare = 24, 4
)

// beside does now and then what is not an operation of the log alone: a second handle, another log, appends that are made to wait, and
// a close of the store beside the other clients, after which it is opened again. A process that is going to run out of room does none
// of it, because each of these may be refused there.
func (c *child) beside(ctx context.Context, random *rand.Rand, number, sequence uint32) error {
	if c.FileLimit > 0 || c.Filler != "" || random.IntN(asideShare) > 0 {
		return nil
	}
	switch {
	case number == 0 && random.IntN(closeShare) == 0:
		return c.reopen(ctx, number, random.IntN(2) == 0)
	case number == 1 && c.options.TailBytes == smallTail:
		return c.wait(ctx, number)
	case random.IntN(2) == 0:
		return c.again(ctx)
	}
	doomed := c.values().Transaction(check.Identity{Client: number, Sequence: sequence, Count: 1, Doomed: true})
	return words.Neighbour(ctx, c.store.Load(), otherLog, doomed)
}

// again asks the store for the log that is open. Nobody may open it anew meanwhile.
func (c *child) again(ctx context.Context) error {
	c.closing.RLock()
	defer c.closing.RUnlock()
	return words.Again(ctx, c.store.Load(), c.log.Load())
}

// reopen closes the store while the other clients use it, and opens it again. What they have appended until then is durable, and there.
// If a transaction is open meanwhile, their appends wait until the close refuses them.
func (c *child) reopen(ctx context.Context, number uint32, within bool) error {
	c.closing.Lock()
	defer c.closing.Unlock()
	if within {
		if _, err := c.log.Load().Begin(ctx); err != nil {
			return fmt.Errorf("begin a transaction before a close: %w", err)
		}
	}
	c.closed.Store(true)
	if err := c.store.Load().Close(ctx); err != nil {
		return fmt.Errorf("a close beside operations: %w", err)
	}
	newest := c.newest.Load()
	c.say(durable, 0, 0, newest)
	if err := c.open(ctx); err != nil {
		return fmt.Errorf("open again after a close: %w", err)
	}
	if found := c.log.Load().Visible(ctx).Tx; found < newest {
		return fmt.Errorf("%s: %d transactions are there after a close beside operations, %d had been acknowledged", check.Durability.Name, found, newest)
	}
	c.say(reopened, number, 0, 0)
	return nil
}

// wait makes appends of a log of its own wait, and calls them off. The log of an earlier child may be there.
func (c *child) wait(ctx context.Context, number uint32) error {
	l, err := c.store.Load().Log(ctx, waitsLog)
	if err != nil {
		return err
	}
	tried, err := words.Waits(ctx, l, smallTail)
	if tried && err == nil {
		c.say(waited, number, 0, 0)
	}
	return err
}

// refusedByClose says whether an error means that a client has closed the store.
func (c *child) refusedByClose(err error) bool {
	return c.closed.Load() && errors.Is(err, storage.ErrClosed)
}

// isClosed says whether an error means that a client has closed the store, and waits until the store is open again.
func (c *child) isClosed(err error) bool {
	if !c.refusedByClose(err) {
		return false
	}
	c.closing.RLock()
	defer c.closing.RUnlock()
	return true
}
