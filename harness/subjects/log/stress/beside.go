package stress

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// What only the log of this module promises, at the end of a round: appends that wait can be called off, and the log can be closed
// beside operations that run.

// waitsLog is the handle of the log whose appends wait.
const waitsLog = "waits"

// ofThisModule is the engine without a planted defect, nil if it is not the log of this module.
func (r *round) ofThisModule() harness.Opened {
	opened, _ := r.raw.(harness.Opened)
	return opened
}

// tryWaits has appends of a log of its own wait, and calls them off.
func (r *round) tryWaits(ctx context.Context) (v *check.Violation, err error) {
	own := r.ofThisModule()
	if own != nil {
		r.proof.ours++
	}
	if own == nil || r.config.AllowFailures || r.plant != nil && r.plant.waits == nil {
		return nil, nil
	}
	l, err := own.Store().Log(ctx, waitsLog)
	if err != nil {
		return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("open a second log: %v", err)}, nil
	}
	log := words.Log(l)
	if r.plant != nil {
		log = r.plant.waits(l, r.plant)
	}
	var tried bool
	var failed error
	if err := r.inTime(func() { tried, failed = words.Waits(ctx, log, own.TailBytes()) }); err != nil {
		return nil, err
	}
	if tried {
		r.proof.waits++
	}
	if failed == nil {
		return nil, nil
	}
	if v := words.Broken(failed); v != nil {
		return v, nil
	}
	return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("appends that wait on a second log: %v", failed)}, nil
}

// inTime executes what may hang. If it does, that is an error, as for the clients.
func (r *round) inTime(do func()) error {
	done, began, look := make(chan struct{}), time.Now(), newWatch()
	go func() {
		defer close(done)
		defer r.panicked(nil)
		do()
	}()
	tick := time.NewTicker(min(200*time.Millisecond, r.config.Grace))
	defer tick.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-tick.C:
		}
		if err := r.hangs(look, time.Since(began)); err != nil {
			return err
		}
	}
}

// mostBeside is how many clients append, and how many read, beside a close.
const mostBeside = 8

// close closes the engine: beside clients that append, flush and read if the engine is the log of this module. In every other round
// a transaction is open meanwhile, so that the appends wait until the close refuses them. The summary does not count these operations.
func (r *round) close(ctx context.Context) (v *check.Violation, err error) {
	own := r.ofThisModule()
	if own == nil || r.config.AllowFailures || r.stop.Load() == interrupted || r.plant != nil && !r.plant.closes {
		if err := r.engine.Close(ctx); err != nil {
			return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("close failed: %v", err)}, nil
		}
		return nil, nil
	}
	if r.seed%2 == 0 {
		if _, err := own.Log().Begin(ctx); err != nil {
			return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("begin a transaction before the close: %v", err)}, nil
		}
	}
	var group, begun sync.WaitGroup
	begin := func(c *client, operation func(context.Context) (bool, *check.Violation)) {
		group.Add(1)
		begun.Add(1)
		go func() {
			defer group.Done()
			defer r.panicked(c)
			ctx := failpoints.With(ctx, c.recorder)
			begun.Done()
			for last := false; !last; {
				last = r.closed.Load() != 0 // the first operation after the close is the last one, whatever it returns
				refused, v := operation(ctx)
				if v != nil {
					r.violated(c, v)
				}
				last = last || refused || v != nil
			}
		}()
	}
	for _, c := range r.beside(0, r.config.Writers) {
		begin(c, c.appendUntilClosed)
	}
	for _, c := range r.beside(r.config.Writers, r.config.Writers+1) {
		begin(c, c.flushUntilClosed)
	}
	for _, c := range r.beside(r.config.Writers+r.config.Flushers, len(r.clients)) {
		begin(c, c.readUntilClosed)
	}
	begun.Wait()
	var failed error
	if err := r.inTime(func() {
		defer group.Wait() // also if Close panics
		defer r.closed.Store(1)
		failed = r.engine.Close(ctx)
	}); err != nil {
		return nil, err
	}
	if failed != nil {
		return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("a close beside operations failed: %v", failed)}, nil
	}
	r.proof.closes++
	v, r.violation = r.violation, nil
	return v, nil
}

// beside are the clients among those with these numbers that run beside the close.
func (r *round) beside(from, to int) (all []*client) {
	for _, c := range r.clients[from:to] {
		if !c.stuck && len(all) < mostBeside {
			all = append(all, c)
		}
	}
	return all
}

// ended notes that an operation beside a close has ended. Only an error that says that the log is closed may come.
func (c *client) ended(err error) (closed bool, v *check.Violation) {
	c.operation.err = err
	c.recorder.note(eventEnd, nil, c.operation)
	switch {
	case err == nil:
		return false, nil
	case errors.Is(err, storage.ErrClosed):
		return true, nil
	}
	if v := words.Broken(err); v != nil {
		return true, v
	}
	return true, &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("%v beside a close failed: %v", c.operation.Kind, err)}
}

// appendUntilClosed appends once. An append that the close refuses has appended nothing, which the scan of the reopened log checks.
func (c *client) appendUntilClosed(ctx context.Context) (closed bool, v *check.Violation) {
	c.operation = &operation{Operation: harness.Operation{Kind: harness.OpAppend, Records: 1}}
	c.recorder.note(eventBegin, nil, c.operation)
	at, err := c.round.engine.Append(ctx, c.Records(c.Invoke(1, false)))
	if err == nil {
		c.operation.at = at
		c.Acknowledge(at)
		c.round.uncounted.Add(1)
	} else {
		c.Fail()
		c.stuck, c.refused = true, errors.Is(err, storage.ErrClosed)
	}
	return c.ended(err)
}

func (c *client) flushUntilClosed(ctx context.Context) (closed bool, v *check.Violation) {
	c.operation = &operation{Operation: harness.Operation{Kind: harness.OpFlush}}
	c.recorder.note(eventBegin, nil, c.operation)
	return c.ended(c.round.engine.Flush(ctx))
}

// readUntilClosed reads the newest records once.
func (c *client) readUntilClosed(ctx context.Context) (closed bool, v *check.Violation) {
	c.operation = &operation{Operation: harness.Operation{Kind: harness.OpRead, Shape: harness.ReadTail}}
	after, upTo := c.bounds(c.operation.Operation)
	c.Reader.Begin(after, upTo)
	c.operation.after, c.operation.upTo, c.operation.acknowledged = after.Offset, upTo, c.Reader.Acknowledged()
	c.recorder.note(eventBegin, nil, c.operation)
	v, err := c.Check(c.round.engine.Read(ctx, after.Offset, upTo))
	c.operation.got = c.Reader.Got()
	if v != nil {
		c.recorder.note(eventEnd, nil, c.operation)
		return true, v
	}
	if closed, v = c.ended(err); closed {
		return true, v
	}
	return false, c.End()
}

// refusedAre checks that the log has no append that a close has refused.
func (r *round) refusedAre(s *check.Scan) *check.Violation {
	for _, c := range r.clients {
		if c.refused && s.Newest(c.Number) == c.Sequence {
			return &check.Violation{Promise: check.Refusals, Detail: fmt.Sprintf("append %d of client %d is in the log, though it returned an error that says that the log is closed", c.Sequence, c.Number)}
		}
		c.refused = false
	}
	return nil
}
