package crashstress

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// A client is one goroutine of an incarnation. It shares state with others only through of.
type client struct {
	check.Client
	of     *incarnation
	random *rand.Rand
	left   int
	// acknowledged are its transactions in this incarnation.
	acknowledged []acknowledgement
	refused      uint32 // the sequence number of its append that a close refused
	besides      *besides
	faults       *crash.Counter
	counts       counts
}

type acknowledgement struct {
	tx       uint64
	sequence uint32
}

func newClient(n *incarnation, number uint32) *client {
	c := &client{
		Client: check.NewClient(number, n.board, n.life.values), of: n,
		random: rand.New(rand.NewPCG(n.seed, uint64(number)+2)),
	}
	c.Sequence = n.base[number]
	c.left = 1 + c.random.IntN(n.life.config.Operations)
	c.drawBesides()
	return c
}

// run executes the client's operations until there are no more, or power is lost.
func (c *client) run(ctx context.Context) {
	defer c.of.panicked()
	ctx = failpoints.With(ctx, c.of.controller(uint64(c.Number)+2))
	for ; c.left > 0 && !c.of.isGone() && !c.of.life.stopped(); c.left-- {
		c.counts.Operations++
		if v := c.step(ctx); v != nil {
			c.of.violated(v)
			return
		}
	}
	if c.faults != nil {
		c.counts.Faults += uint64(c.faults.Faults())
	}
}

func (c *client) step(ctx context.Context) *check.Violation {
	if did, v := c.beside(ctx); did {
		return v
	}
	poisoned := c.of.poisoned.Load() != 0
	log := c.of.log
	switch at := c.random.IntN(100); {
	case at < 34:
		_, err := c.append(ctx, whole(log.Append))
		c.refuses(err)
		return c.finish("append", err, poisoned)
	case at < 37:
		_, err := c.append(ctx, func(ctx context.Context, records []storage.Record) (storage.Offset, error) {
			return words.AppendNext(ctx, log, records)
		})
		return c.finish("append at a position", err, poisoned)
	case at < 40:
		_, err := c.append(ctx, c.spent())
		return c.finish("ended transaction", err, poisoned)
	case at < 54:
		offset, err := c.append(ctx, func(ctx context.Context, records []storage.Record) (storage.Offset, error) {
			return words.AppendDurable(ctx, log, records)
		})
		if err == nil {
			c.of.flushed.Raise(offset.Tx)
		}
		return c.finish("durable append", err, poisoned)
	case at < 63:
		_, err := c.append(ctx, c.fragments(true))
		c.refuses(err)
		return c.finish("append in fragments", err, poisoned)
	case at < 66:
		return c.finish("abort", c.abort(ctx), poisoned)
	case at < 85:
		acknowledged := c.of.board.Acknowledged()
		err := log.Flush(ctx)
		if err == nil {
			c.of.flushed.Raise(acknowledged)
		}
		return c.finish("flush", err, poisoned)
	case at < 88:
		return c.said("watermarks", words.Watermarks(ctx, log, c.of.board.Acknowledged()))
	case at < 89:
		return c.said("ended context", words.Ended(ctx, log, c.Records(c.Invoke(1, true))))
	case at < 90:
		return c.said("refused append", words.Taken(ctx, log, c.Records(c.Invoke(c.draw(), true))))
	}
	after, upTo := c.bounds()
	return c.read(ctx, after, upTo)
}

type appender func(context.Context, []storage.Record) (storage.Offset, error)

// whole appends in one call.
func whole(do func(context.Context, ...storage.Record) (storage.Offset, error)) appender {
	return func(ctx context.Context, records []storage.Record) (storage.Offset, error) {
		return do(ctx, records...)
	}
}

// append appends the client's next transaction, and publishes it if it is acknowledged.
func (c *client) append(ctx context.Context, do appender) (storage.Offset, error) {
	at, err := do(ctx, c.Records(c.Invoke(c.draw(), false)))
	if err == nil {
		c.Acknowledge(at)
		c.acknowledged = append(c.acknowledged, acknowledgement{at.Tx, c.Sequence})
	}
	return at, err
}

// draw draws how many records a transaction gets.
func (c *client) draw() int { return 1 + c.random.IntN(c.of.life.config.MaxRecords) }

// fragments appends a transaction in fragments of one record each.
func (c *client) fragments(commit bool) appender {
	return func(ctx context.Context, records []storage.Record) (storage.Offset, error) {
		return engine.AppendFragments(ctx, c.of.log, slices.Collect(slices.Chunk(records, 1)), commit)
	}
}

func (c *client) abort(ctx context.Context) error {
	_, err := c.fragments(false)(ctx, c.Records(c.Invoke(c.draw(), true)))
	return err
}

// spent appends a transaction in fragments, and uses it again after it has ended.
func (c *client) spent() appender {
	return func(ctx context.Context, records []storage.Record) (storage.Offset, error) {
		excused := func(err error) bool { return c.of.isGone() || c.of.refusedByClose(err) || c.of.tolerated(false, err) }
		return words.Spend(ctx, c.of.log, slices.Collect(slices.Chunk(records, 1)), excused)
	}
}

// said judges an operation of package words that appends nothing to the log.
func (c *client) said(what string, err error) *check.Violation {
	if err != nil && c.of.faulty && errors.Is(err, storage.ErrPoisoned) {
		c.of.poisoned.Store(1)
	}
	return c.saidElsewhere(what, err)
}

// saidElsewhere judges an operation on another log, or on the store, whose error says nothing about the log.
func (c *client) saidElsewhere(what string, err error) *check.Violation {
	switch v := words.Broken(err); {
	case err == nil || c.of.isGone() || c.isClosed(err):
		return nil
	case v != nil:
		return v
	case c.of.allows(false, err) || c.of.allows(true, err):
		c.counts.Failures++
		return nil
	}
	return violation(check.Progress, "%s of client %d failed: %v", what, c.Number, err)
}

// finish judges how an append or a flush ended.
func (c *client) finish(what string, err error, poisoned bool) *check.Violation {
	switch {
	case err == nil && poisoned:
		return violation(check.StickyPoison, "%s of client %d succeeded, although an operation before it had returned that the log is poisoned", what, c.Number)
	case err == nil || c.of.isGone() || c.isClosed(err):
		return nil
	case words.Broken(err) != nil:
		return words.Broken(err)
	case !c.of.tolerated(false, err):
		return violation(check.Progress, "%s of client %d failed: %v", what, c.Number, err)
	}
	c.counts.Failures++
	if poisoned {
		c.counts.tested[stickyPoison]++
	}
	return nil
}

// bounds draws the bounds of a read, from what is known now.
func (c *client) bounds() (after check.Bound, upTo storage.Offset) {
	known := c.of.board.Acknowledged()
	switch c.random.IntN(4) {
	case 0:
		return check.Bound{}, storage.End
	case 1:
		return c.recent(known), check.Whole(max(known, 1))
	case 2:
		if c.Last.Offset != (storage.Offset{}) {
			return c.Last, storage.End
		}
	}
	return c.recent(known), storage.End
}

// recent draws a bound after one of the newest transactions.
func (c *client) recent(known uint64) check.Bound {
	return check.Bound{Offset: check.Whole(known - min(known, c.random.Uint64N(6)))}
}

func (c *client) read(ctx context.Context, after check.Bound, upTo storage.Offset) *check.Violation {
	c.Reader.Begin(after, upTo)
	v, err := c.Check(c.of.log.Read(ctx, after.Offset, upTo))
	switch {
	case v != nil:
		return v
	case err != nil && (c.of.isGone() || c.isClosed(err)):
		return nil
	case err != nil && c.of.tolerated(true, err):
		c.counts.Failures++
		return nil
	case err != nil:
		return violation(check.Progress, "read (%v, %v] of client %d failed: %v", after.Offset, upTo, c.Number, err)
	}
	c.counts.tested[readAfterWrite]++
	c.counts.Read += uint64(c.Reader.Got())
	return c.End()
}

// readBack reads the transaction that this client appended last.
func (c *client) readBack(ctx context.Context, at storage.Offset) *check.Violation {
	if v := c.read(ctx, check.Bound{Offset: check.Whole(at.Tx - 1)}, check.Whole(at.Tx)); v != nil {
		return v
	}
	return c.Mine(at)
}
