package stress

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// The end of a round, after its clients are done. The engine is then quiet, so each of these steps is certain to find its
// defect: a flush that covers nothing, a read that hides its error, an acknowledged write that is missing. The close alone comes
// beside operations (beside.go).

// A proof counts what the ends of rounds tested.
type proof struct {
	marks       uint64 // flushes after which the engine's own watermark was checked
	flushes     uint64 // those of them that made something durable, according to the engine's own watermark
	crashes     uint64 // those after which everything flushed was there
	readFaults  uint64 // faults injected into reads
	worksAgain  uint64 // rounds with failures whose engine worked after the last of them
	sawFailures uint64 // rounds with failures
	ours        uint64 // rounds of the log of this module
	waits       uint64 // those in which appends that waited were called off
	closes      uint64 // those that were closed beside operations
}

func (p *proof) add(other proof) {
	p.marks += other.marks
	p.flushes += other.flushes
	p.crashes += other.crashes
	p.readFaults += other.readFaults
	p.worksAgain += other.worksAgain
	p.sawFailures += other.sawFailures
	p.ours += other.ours
	p.waits += other.waits
	p.closes += other.closes
}

// settle scans the log, tests its flush and its reads, closes it, opens it again and scans once more. Everything acknowledged
// must be there, and the engine must work.
func (r *round) settle(ctx context.Context) error {
	for _, step := range []func(context.Context) (*check.Violation, error){
		func(ctx context.Context) (*check.Violation, error) { return r.scan(ctx, false), nil },
		func(ctx context.Context) (*check.Violation, error) { return r.tryFlush(ctx), nil },
		func(ctx context.Context) (*check.Violation, error) { return r.tryReadFaults(ctx, false), nil },
		r.tryWaits,
	} {
		var err error
		if r.violation, err = step(ctx); err != nil {
			return err
		}
		if r.violation != nil {
			_ = r.engine.Close(ctx) // the violation is the news
			return nil
		}
	}
	if r.config.Crash != nil {
		if err := r.crash(ctx); err != nil || r.violation != nil {
			return err
		}
	}
	var err error
	if r.violation, err = r.reopen(ctx); err != nil || r.violation != nil {
		return err
	}
	if r.proof.readFaults == 0 { // the engine had everything in memory; now it has not
		r.violation = r.tryReadFaults(ctx, true)
	}
	if r.violation == nil {
		r.violation = r.worksAgain(ctx)
	}
	if err := r.engine.Close(ctx); err != nil && r.violation == nil {
		r.violation = &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("close after reopening failed: %v", err)}
	}
	if r.config.Discard != nil {
		if err := r.config.Discard(r.number); err != nil {
			return fmt.Errorf("discard the data of round %d: %w", r.number, err)
		}
	}
	return nil
}

func (r *round) reopen(ctx context.Context) (*check.Violation, error) {
	if v, err := r.close(ctx); v != nil || err != nil {
		return v, err
	}
	if err := r.open(ctx); err != nil {
		return &check.Violation{Promise: check.CleanRecovery, Detail: fmt.Sprintf("reopen failed: %v", err)}, nil
	}
	v := r.scan(ctx, true)
	if v != nil {
		_ = r.engine.Close(ctx) // the violation is the news
	}
	return v, nil
}

// scan reads the whole log and compares it with everything that was acknowledged.
func (r *round) scan(ctx context.Context, reopened bool) *check.Violation {
	scan, v, err := r.readAll(ctx, reopened)
	if err != nil {
		return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("scan failed: %v", err)}
	}
	r.scanned += scan.Records
	if v == nil && reopened {
		v = r.refusedAre(scan)
	}
	return v
}

func (r *round) readAll(ctx context.Context, reopened bool) (scan *check.Scan, v *check.Violation, err error) {
	scan = check.NewScan(r.board, r.values, reopened)
	for record, err := range r.engine.Read(ctx, harness.Offset{}, harness.Offset{Tx: math.MaxUint64, Op: math.MaxUint64}) {
		if err != nil {
			return scan, nil, err
		}
		if v := scan.Record(record); v != nil {
			return scan, v, nil
		}
	}
	return scan, scan.End(), nil
}

// flushTries is how often a flush is tried, because one that finds everything durable already shows nothing.
const flushTries = 8

// tryFlush appends and flushes, and checks by the engine's watermark that the flush covered the append.
func (r *round) tryFlush(ctx context.Context) *check.Violation {
	w, able := r.raw.(harness.Watermarked)
	for try := 0; try < flushTries && (able && r.proof.flushes == 0 || try == 0 || r.plant != nil); try++ {
		c := r.free()
		if c == nil {
			return nil // all appends are open until the reopen
		}
		if v := c.alone(ctx, harness.OpAppend); v != nil || c.operation.err != nil {
			return v
		}
		newest := r.board.Acknowledged()
		needed := able && w.Durable().Tx < newest
		if v := c.alone(ctx, harness.OpFlush); v != nil || c.operation.err != nil {
			return v
		}
		if !able {
			continue
		}
		r.proof.marks++
		if durable := w.Durable().Tx; durable < newest {
			return &check.Violation{
				Promise: check.Durability, Acknowledged: newest, MissingFrom: durable + 1, MissingTo: newest,
				Detail: fmt.Sprintf("a flush returned, and the engine itself says that transactions %d to %d, acknowledged before it, are not durable", durable+1, newest),
			}
		}
		if needed {
			r.proof.flushes++
		}
	}
	return nil
}

// free is a client that appends and has no append whose outcome is open; nil if there is none.
func (r *round) free() *client {
	for _, c := range r.clients[:r.config.Writers] {
		if !c.stuck {
			return c
		}
	}
	return nil
}

// alone executes one append or flush of a client after all clients are done.
func (c *client) alone(ctx context.Context, kind harness.OperationKind) (v *check.Violation) {
	ctx = failpoints.With(ctx, c.recorder)
	began := time.Now()
	c.operation = &operation{Operation: harness.Operation{Kind: kind, Records: 1}}
	if kind == harness.OpAppend {
		v = c.append(ctx, c.operation.Operation)
		c.tally.appends.add(time.Since(began))
	} else {
		c.recorder.note(eventBegin, nil, c.operation)
		v = c.finish(c.round.engine.Flush(ctx))
	}
	c.tally.operations[kind]++
	return v
}

// crash cuts the power, and checks that everything covered by the last flush is there.
func (r *round) crash(ctx context.Context) error {
	if err := r.config.Crash(r.number); err != nil {
		return fmt.Errorf("cut the power in round %d: %w", r.number, err)
	}
	_ = r.engine.Close(ctx) // it may fail: its disk has lost power
	if err := r.open(ctx); err != nil {
		r.violation = &check.Violation{Promise: check.Durability, Detail: fmt.Sprintf("open after a loss of power failed: %v", err)}
		return nil
	}
	if r.violation = r.scan(ctx, true); r.violation != nil {
		r.violation.Promise = check.Durability
		r.violation.Detail = "after a flush and a loss of power, not a clean close: " + r.violation.Detail
		_ = r.engine.Close(ctx) // the violation is the news
		return nil
	}
	r.proof.crashes++
	return nil
}

// tryReadFaults makes reads fail, in one way after the other. Each read must end with an error, or yield everything.
func (r *round) tryReadFaults(ctx context.Context, reopened bool) *check.Violation {
	if r.config.FailReads != nil {
		heal, err := r.config.FailReads(r.number)
		if err != nil {
			return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("make reads fail: %v", err)}
		}
		v, reached := r.faultyRead(ctx, reopened, "the disk's reads fail")
		heal()
		if reached {
			r.proof.readFaults++
		}
		return v
	}
	main := newRecorder(r, "faults", math.MaxUint64-1)
	r.tasks.add(main)
	ctx = failpoints.With(ctx, main)
	if _, v, err := r.readAll(ctx, reopened); v != nil || err != nil {
		return v // an error that was not injected is reported by the scan
	}
	for id, n := range slices.Clone(main.hits) {
		if n == 0 || r.points[id].Kind() != failpoints.KindFault {
			continue
		}
		main.fault, main.fired = r.points[id], false
		v, _ := r.faultyRead(ctx, reopened, "a fault was injected at "+r.points[id].Name())
		if main.fault = nil; main.fired {
			r.proof.readFaults++
		}
		if v != nil {
			return v
		}
	}
	return nil
}

// faultyRead reads the whole log while something fails. If the read ends without an error, it must have yielded everything; then
// it has not reached what fails.
func (r *round) faultyRead(ctx context.Context, reopened bool, what string) (v *check.Violation, reached bool) {
	_, v, err := r.readAll(ctx, reopened)
	switch {
	case err != nil:
		return nil, true
	case v == nil:
		return nil, false
	}
	v.Promise, v.Detail = check.ReadErrors, fmt.Sprintf("%s, and the read ended without an error: %s", what, v.Detail)
	return v, true
}

// worksAgain tests that the reopened engine appends, flushes and reads. If operations failed in the round, this shows that the
// engine works again after them.
func (r *round) worksAgain(ctx context.Context) *check.Violation {
	failed := false
	for _, c := range r.clients {
		failed = failed || c.tally.failures > 0
		if c.stuck { // the scan has settled its failed append
			c.stuck, c.Sequence = false, r.board.Invoked(c.Number)
		}
	}
	var last error
	tries := r.clients[:min(r.config.Writers, flushTries)]
	for _, c := range tries {
		var v *check.Violation
		if v, last = c.works(ctx); v != nil {
			return v
		}
		if last == nil {
			break
		}
	}
	if failed {
		r.proof.sawFailures++
	}
	switch {
	case last != nil:
		return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf(
			"nothing worked after the last failure: of %d tries on the reopened engine to append, flush and read back, none succeeded, the last: %v", len(tries), last)}
	case failed:
		r.proof.worksAgain++
	}
	return nil
}

// works appends, flushes and reads the append back. err is an operation's error that the engine's contract allows.
func (c *client) works(ctx context.Context) (v *check.Violation, err error) {
	if v = c.alone(ctx, harness.OpAppend); v != nil || c.operation.err != nil {
		return v, c.operation.err
	}
	at := c.operation.at
	if v = c.alone(ctx, harness.OpFlush); v != nil || c.operation.err != nil {
		return v, c.operation.err
	}
	v = c.readBack(failpoints.With(ctx, c.recorder), at)
	return v, c.operation.err
}
