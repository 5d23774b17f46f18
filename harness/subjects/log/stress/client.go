package stress

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// A client is one goroutine of a round. It executes its program, publishes what was acknowledged to it, and checks what it
// reads. No other goroutine uses it while it runs, except for done, which the race detector does not see.
type client struct {
	check.Client
	round     *round
	role      role
	random    *rand.PCG // for choices that are not part of the program
	program   *harness.Program
	recorder  *recorder
	stuck     bool // an append failed: no more appends until a reopen
	refused   bool // that append was refused by a close, so it has appended nothing
	operation *operation
	done      raceoff.Number
	tally     tally
}

// A tally is what a client counts for itself.
type tally struct {
	operations [harness.Kinds]uint64
	failures   uint64
	overlaps   uint64
	reads      latencies
	appends    latencies
}

// An operation is an executed operation with its results, for the history.
type operation struct {
	harness.Operation
	after, upTo  harness.Offset
	acknowledged uint64
	got          int
	at           harness.Offset
	err          error
}

// A role is what a client does.
type role uint8

const (
	reads role = iota
	appends
	flushes
)

func newClient(r *round, number uint32, role role, name string, mix harness.Mix) (*client, error) {
	program, err := harness.NewProgram(mix, r.seed, number)
	if err != nil {
		return nil, err
	}
	return &client{
		Client: check.NewClient(number, r.board, r.values), round: r, role: role, program: program,
		random:   rand.NewPCG(^r.seed, uint64(number)),
		recorder: newRecorder(r, name, uint64(number)),
	}, nil
}

// run executes operations until the round is over, and at least one. It rests first, so that the clients do not all start at
// once, and the first flush does not wait until each of them has had its turn.
func (c *client) run(ctx context.Context) {
	defer c.round.panicked(c)
	ctx = failpoints.With(ctx, c.recorder)
	c.rest()
	for n := 0; n == 0 && c.round.stop.Load() != interrupted || !c.round.over() && (c.round.config.Each == 0 || n < c.round.config.Each); n++ {
		if v := c.step(ctx, c.program.Next()); v != nil {
			c.round.violated(c, v)
			return
		}
		c.done.Add(1)
		c.rest()
	}
}

// rest gives up the processor between two operations. Without it each goroutine would keep the processor for the Go scheduler's
// 10 ms, and ten thousand of them would queue for a minute.
func (c *client) rest() {
	pause := c.round.config.Pause
	if c.role == flushes {
		pause /= 20
	}
	pause = min(pause, c.round.ends-time.Since(c.round.began))
	if pause <= 0 || c.round.stop.Load() != 0 {
		runtime.Gosched()
		return
	}
	c.sleep(time.Duration(c.random.Uint64() % uint64(pause)))
}

// shortSleep is the longest sleep that need not end early when the run is interrupted.
const shortSleep = 200 * time.Millisecond

// The runtime reads a setting when the first timer is created. If a client created it, the race detector would report a data
// race, because the client's synchronisation is hidden from it below.
var _ = time.NewTimer(0).Stop()

// sleep sleeps, and ends early if the run is interrupted.
func (c *client) sleep(d time.Duration) {
	if d <= shortSleep {
		time.Sleep(d)
		return
	}
	raceoff.Disable() // the channel must not add a happens-before edge between clients
	defer raceoff.Enable()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.round.stopping:
	}
}

func (c *client) step(ctx context.Context, op harness.Operation) *check.Violation {
	if _, able := c.round.engine.(harness.FragmentAppender); !able && (op.Kind == harness.OpFragments || op.Kind == harness.OpAbort) {
		op.Kind = harness.OpAppend
	}
	own := c.own()
	if op.Kind.Own() && own == nil {
		op = harness.Operation{Kind: harness.OpAppend, Records: max(1, op.Records)}
		if c.role == reads {
			op = harness.Operation{Kind: harness.OpRead, Shape: harness.ReadTail}
		}
	}
	c.operation = &operation{Operation: op}
	began := time.Now()
	var v *check.Violation
	switch {
	case op.Kind.Own() && !op.Kind.Appends():
		v = c.say(ctx, own, op)
	case op.Kind == harness.OpRead:
		v = c.read(ctx, op)
		c.tally.reads.add(time.Since(began))
	case op.Kind == harness.OpFlush:
		c.recorder.note(eventBegin, nil, c.operation)
		v = c.finish(c.round.engine.Flush(ctx))
	case c.stuck:
		return nil
	default:
		v = c.append(ctx, op)
		c.tally.appends.add(time.Since(began))
		if v == nil && c.operation.err == nil && op.Kind.Appends() && c.Sequence%4 == 0 {
			v = c.readBack(ctx, c.operation.at)
		}
	}
	c.tally.operations[op.Kind]++
	return v
}

func (c *client) append(ctx context.Context, op harness.Operation) *check.Violation {
	id := c.Invoke(op.Records, op.Kind == harness.OpAbort)
	records := c.Records(id)
	c.recorder.note(eventBegin, nil, c.operation)
	var err error
	switch {
	case op.Kind == harness.OpAppend:
		c.operation.at, err = c.round.engine.Append(ctx, records)
	case op.Kind.Own():
		c.operation.at, err = appendOwn(ctx, c.own().Log(), op.Kind, records)
	default:
		engine := c.round.engine.(harness.FragmentAppender)
		c.operation.at, err = engine.AppendFragments(ctx, slices.Collect(slices.Chunk(records, 1)), op.Kind == harness.OpFragments)
	}
	if err != nil && !id.Doomed {
		c.Fail()
		c.stuck = true
	}
	v := c.finish(err)
	if err == nil && !id.Doomed {
		c.Acknowledge(c.operation.at)
	}
	return v
}

// readBack reads the transaction that this client appended last, and checks that it is at the offset that Append returned.
func (c *client) readBack(ctx context.Context, at harness.Offset) *check.Violation {
	began := time.Now()
	c.operation = &operation{Operation: harness.Operation{Kind: harness.OpRead, Shape: harness.ReadBetween}}
	v := c.readBounds(ctx, check.Bound{Offset: check.Whole(at.Tx - 1)}, check.Whole(at.Tx))
	c.tally.operations[harness.OpRead]++
	c.tally.reads.add(time.Since(began))
	if v != nil || c.operation.err != nil {
		return v
	}
	return c.Mine(at)
}

func (c *client) read(ctx context.Context, op harness.Operation) *check.Violation {
	after, upTo := c.bounds(op)
	return c.readBounds(ctx, after, upTo)
}

// bounds turns the shape of a read into offsets, from what this client knows now.
func (c *client) bounds(op harness.Operation) (after check.Bound, upTo harness.Offset) {
	known := c.round.board.Acknowledged()
	start := check.Whole(known - min(known, op.Back))
	switch op.Shape {
	case harness.ReadBetween:
		return check.Bound{Offset: start}, check.Whole(max(known, 1))
	case harness.ReadOn:
		if c.Last.Offset != (harness.Offset{}) && c.Last.Offset.Tx+64 > known {
			return c.Last, storage.End
		}
	case harness.ReadOld:
		from := uint64(op.Point * float64(known))
		return check.Bound{Offset: check.Whole(from)}, check.Whole(from + op.Length)
	}
	return check.Bound{Offset: start}, storage.End
}

// readBounds reads and checks record by record. It must note what is acknowledged before the read begins.
func (c *client) readBounds(ctx context.Context, after check.Bound, upTo harness.Offset) *check.Violation {
	c.Reader.Begin(after, upTo)
	c.operation.after, c.operation.upTo, c.operation.acknowledged = after.Offset, upTo, c.Reader.Acknowledged()
	c.recorder.note(eventBegin, nil, c.operation)
	window := c.round.window.Load()
	v, err := c.Check(c.round.engine.Read(ctx, after.Offset, upTo))
	if after := c.round.window.Load(); window%2 == 1 || after != window {
		c.tally.overlaps++
	}
	c.operation.got = c.Reader.Got()
	if v != nil {
		c.recorder.note(eventEnd, nil, c.operation)
		return v
	}
	if v := c.finish(err); v != nil || err != nil {
		return v
	}
	return c.End()
}

// finish records the end of the operation. An error breaks Progress, unless failures are allowed.
func (c *client) finish(err error) *check.Violation {
	c.operation.err = err
	c.recorder.note(eventEnd, nil, c.operation)
	if err == nil {
		return nil
	}
	if v := words.Broken(err); v != nil {
		return v
	}
	c.tally.failures++
	if c.round.config.AllowFailures {
		return nil
	}
	return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("%v failed: %v", c.operation.Kind, err), After: c.operation.after, UpTo: c.operation.upTo}
}
