package crashstress

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// A client is one goroutine of an incarnation. Everything in it is its own.
type client struct {
	of       *incarnation
	number   uint32
	random   *rand.Rand
	reader   *check.Reader
	left     int
	sequence uint32
	doomed   uint32
	last     check.Bound
	// acknowledged are its transactions of this incarnation.
	acknowledged []acknowledgement
	faults       *crash.Counter
	counts       counts
}

type acknowledgement struct {
	tx       uint64
	sequence uint32
}

func newClient(n *incarnation, number uint32) *client {
	c := &client{
		of: n, number: number,
		random:   rand.New(rand.NewPCG(n.seed, uint64(number)+2)),
		reader:   check.NewReader(n.board, n.life.values),
		sequence: n.base[number],
	}
	c.left = 1 + c.random.IntN(n.life.config.Operations)
	return c
}

// run carries out the client's operations until there are no more, or no power.
func (c *client) run(ctx context.Context) {
	ctx = failpoints.With(ctx, c.of.controller(uint64(c.number)+2))
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
	poisoned := c.of.poisoned.Load() != 0
	log := c.of.log
	switch at := c.random.IntN(100); {
	case at < 40:
		_, err := c.append(ctx, log.Append)
		return c.finish("append", err, poisoned)
	case at < 54:
		offset, err := c.append(ctx, log.AppendDurable)
		if err == nil {
			c.of.flushed.Raise(offset.Tx)
		}
		return c.finish("durable append", err, poisoned)
	case at < 63:
		_, err := c.append(ctx, c.fragments(true))
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
	}
	after, upTo := c.bounds()
	return c.read(ctx, after, upTo)
}

type appender func(context.Context, ...storage.Record) (storage.Offset, error)

// append appends the client's next transaction, and publishes what is acknowledged.
func (c *client) append(ctx context.Context, do appender) (storage.Offset, error) {
	c.sequence++
	records := c.records(check.Identity{Client: c.number, Sequence: c.sequence})
	c.of.board.Invoke(c.number, c.sequence)
	at, err := do(ctx, records...)
	if err == nil {
		c.of.board.Acknowledge(c.number, c.sequence, at.Tx)
		c.acknowledged = append(c.acknowledged, acknowledgement{at.Tx, c.sequence})
	}
	return at, err
}

func (c *client) records(id check.Identity) []storage.Record {
	id.Count = uint16(1 + c.random.IntN(c.of.life.config.MaxRecords))
	records := make([]storage.Record, id.Count)
	for i := range records {
		id.Index = uint16(i)
		records[i] = c.of.life.values.Record(id)
	}
	return records
}

// fragments makes a transaction of fragments of a record each.
func (c *client) fragments(commit bool) appender {
	return func(ctx context.Context, records ...storage.Record) (storage.Offset, error) {
		tx, err := c.of.log.Begin(ctx)
		if err != nil {
			return storage.Offset{}, err
		}
		for _, r := range records {
			if err := tx.Add(ctx, r); err != nil {
				_ = tx.Abort(ctx) // the first error is the one to tell
				return storage.Offset{}, err
			}
		}
		if commit {
			return tx.Commit(ctx)
		}
		return storage.Offset{}, tx.Abort(ctx)
	}
}

func (c *client) abort(ctx context.Context) error {
	c.doomed++
	_, err := c.fragments(false)(ctx, c.records(check.Identity{Client: c.number, Sequence: c.doomed, Doomed: true})...)
	return err
}

// finish judges how an append or a flush ended.
func (c *client) finish(what string, err error, poisoned bool) *check.Violation {
	switch {
	case err == nil && poisoned:
		return violation(check.StickyPoison, "%s of client %d succeeded, though an operation before it was told that the log is poisoned", what, c.number)
	case err == nil || c.of.isGone():
		return nil
	case !c.of.tolerated(false, err):
		return violation(check.Progress, "%s of client %d failed: %v", what, c.number, err)
	}
	c.counts.Failures++
	if poisoned {
		c.counts.tested[stickyPoison]++
	}
	return nil
}

// bounds draws what to read, by what is known now.
func (c *client) bounds() (after check.Bound, upTo storage.Offset) {
	known := c.of.board.Acknowledged()
	behind := func(tx uint64) check.Bound {
		if tx == 0 {
			return check.Bound{}
		}
		return check.Bound{Offset: storage.Offset{Tx: tx, Op: math.MaxUint64}}
	}
	switch c.random.IntN(4) {
	case 0:
		return check.Bound{}, storage.End
	case 1:
		return behind(known - min(known, c.random.Uint64N(6))), storage.Offset{Tx: max(known, 1), Op: math.MaxUint64}
	case 2:
		if c.last.Offset != (storage.Offset{}) {
			return c.last, storage.End
		}
	}
	return behind(known - min(known, c.random.Uint64N(6))), storage.End
}

func (c *client) read(ctx context.Context, after check.Bound, upTo storage.Offset) *check.Violation {
	c.reader.Begin(after, upTo)
	for r, err := range c.of.log.Read(ctx, after.Offset, upTo) {
		switch {
		case err == nil:
			if v := c.reader.Record(r); v != nil {
				return v
			}
		case c.of.isGone():
			return nil
		case c.of.tolerated(true, err):
			c.counts.Failures++
			return nil
		default:
			return violation(check.Progress, "read (%v, %v] of client %d failed: %v", after.Offset, upTo, c.number, err)
		}
	}
	c.counts.tested[readAfterWrite]++
	c.counts.Read += uint64(c.reader.Got())
	if v := c.reader.End(); v != nil {
		return v
	}
	if at, id := c.reader.Last(); c.reader.Got() > 0 {
		c.last = check.Bound{Offset: at, Record: id}
	}
	return nil
}

// readBack reads just what this client appended last.
func (c *client) readBack(ctx context.Context, at storage.Offset) *check.Violation {
	v := c.read(ctx, check.Bound{Offset: storage.Offset{Tx: at.Tx - 1, Op: math.MaxUint64}}, storage.Offset{Tx: at.Tx, Op: math.MaxUint64})
	if v != nil {
		return v
	}
	if last, id := c.reader.Last(); last != at || id.Client != c.number || id.Sequence != c.sequence {
		return violation(check.ReadAfterWrite, "append %d of client %d was acknowledged as %v, where append %d of client %d is", c.sequence, c.number, at, id.Sequence, id.Client)
	}
	return nil
}
