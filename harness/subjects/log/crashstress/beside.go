package crashstress

import (
	"context"
	"errors"
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
	// asideShare: one in so many operations of several clients is on the store, or on another log of it.
	asideShare = 24
	// closeShare and waitsShare: in one of so many cycles a client closes the store, or makes appends wait.
	closeShare, waitsShare = 6, 12
)

// A besides is what several clients do beside the operations of one: they ask for the log again, append to another log, make appends
// wait, and close the store. One client does none of it, so that its cycles stay the same for a seed.
type besides struct {
	random          *rand.Rand
	closeAt, waitAt int // how many operations are left when the client does it; 0: it does not
}

// besides draws what a client does besides. The first client may close the store, the second may make appends wait.
func (c *client) drawBesides() {
	n := c.of
	if n.life.config.Goroutines == 1 {
		return
	}
	c.besides = &besides{random: rand.New(rand.NewPCG(n.seed, 1<<32|uint64(c.Number)))}
	r := c.besides.random
	switch {
	case c.Number == 0 && r.IntN(closeShare) == 0:
		c.besides.closeAt = 1 + r.IntN(c.left)
	case c.Number == 1 && r.IntN(waitsShare) == 0 && n.life.options.TailBytes == smallTail:
		c.besides.waitAt = 1 + r.IntN(c.left)
	}
}

// beside executes an operation that only several clients have. It returns false if the next operation is another one.
func (c *client) beside(ctx context.Context) (did bool, v *check.Violation) {
	b := c.besides
	switch {
	case b == nil:
		return false, nil
	case b.closeAt == c.left:
		return true, c.closeStore(ctx)
	case b.waitAt == c.left:
		return true, c.wait(ctx)
	case b.random.IntN(asideShare) > 0:
		return false, nil
	case b.random.IntN(2) == 0:
		return true, c.said("second handle", words.Again(ctx, c.of.store, c.of.log))
	}
	return true, c.neighbour(ctx)
}

// neighbour appends to another log of the store, which all clients share.
func (c *client) neighbour(ctx context.Context) *check.Violation {
	if l, v := c.openAnother(ctx, otherLog); l == nil {
		return v
	}
	return c.saidElsewhere("append to another log", words.Neighbour(ctx, c.of.store, otherLog, c.Records(c.Invoke(c.draw(), true))))
}

// openAnother opens another log of the store; nil if that ends with an error that may come. A disk that fails may refuse it in any way,
// as it may refuse a recovery.
func (c *client) openAnother(ctx context.Context, handle string) (*storage.Log, *check.Violation) {
	l, err := c.of.store.Log(ctx, handle)
	if err == nil {
		return l, nil
	}
	if faults := c.of.clients[0].faults; faults != nil && faults.Faults() > 0 {
		c.counts.Failures++
		return nil, nil
	}
	return nil, c.saidElsewhere("open log "+handle, err)
}

// wait makes appends of a log of its own wait, and calls them off.
func (c *client) wait(ctx context.Context) *check.Violation {
	l, v := c.openAnother(ctx, waitsLog)
	if l == nil {
		return v
	}
	tried, err := words.Waits(ctx, l, smallTail)
	if tried && err == nil {
		c.counts.Waits++
	}
	return c.saidElsewhere("appends that wait on a second log", err)
}

// closeStore closes the store while the other clients use it: in half of the cases with a transaction open, so that appends wait until
// the close refuses them. What they have appended until it has returned is durable then.
func (c *client) closeStore(ctx context.Context) *check.Violation {
	n := c.of
	if c.besides.random.IntN(2) == 0 {
		tx, err := n.log.Begin(ctx)
		if err != nil {
			return c.said("begin a transaction before the close", err)
		}
		defer func() { _ = tx.Abort(ctx) }() // if the close fails, the log is open, and the others wait for the transaction
	}
	n.closing.Store(1)
	err := n.store.Close(ctx)
	if err == nil {
		n.flushed.Raise(n.board.Acknowledged())
		c.counts.Closes++
	}
	return c.saidElsewhere("close of the store", err)
}

// refusedByClose says whether an error means that a client has closed the store.
func (n *incarnation) refusedByClose(err error) bool {
	return n.closing.Load() != 0 && errors.Is(err, storage.ErrClosed)
}

// isClosed says whether an error means that a client has closed the store. The client then has nothing more to do.
func (c *client) isClosed(err error) bool {
	if !c.of.refusedByClose(err) {
		return false
	}
	c.left = 1 // the one that has just ended
	return true
}

// refuses notes that an append was refused because the store was closed: it must not be in the recovered log.
func (c *client) refuses(err error) {
	if errors.Is(err, storage.ErrClosed) {
		c.refused = c.Sequence
	}
}
