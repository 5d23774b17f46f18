package log

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// A thread executes its part of the program on its own goroutine and checks what it reads. It shares none of its fields.
type thread struct {
	check.Client
	run      *run
	control  *control
	at       int                  // the operation, from 0
	failed   bool                 // one of its operations failed, and it must not go on
	prepared [][][]harness.Record // by operation; nil if they are made on demand
	reads    map[int][]harness.Offset
	checked  uint64
	lifeline *lifeline // of the context of the thread's calls; nil if the program does not end it
	opened   bool      // whether the log was open, and how many closes had begun, when the operation began
	closes   uint64

	body    func(*sched.T) // execute
	reading reading
	take    func(harness.Record, error) bool // taken
}

// A reading is a read in progress.
type reading struct {
	of    Operation
	begun uint64 // the highest transaction that had begun when the read yielded its first record
	over  bool
	v     *check.Violation
}

func newThread(r *run, number int) *thread {
	t := &thread{
		Client: check.NewClient(uint32(number), r.board, r.values), run: r, control: r.controls[number], reads: map[int][]harness.Offset{},
		lifeline: r.lifelines[number],
	}
	t.take = t.taken
	return t
}

func (t *thread) work(ctx context.Context) {
	ctx = failpoints.With(ctx, t.control)
	defer t.end()
	for i, o := range t.run.c.Threads[t.Number].Operations {
		t.control.edge(i)
		if t.run.stopped() {
			break
		}
		t.at = i
		t.control.event(o.String(), false)
		if v := t.step(ctx, o); v != nil {
			t.run.violated(t, v)
			break
		}
		if t.failed {
			break // nobody knows whether its append took effect, so it must not append again
		}
	}
	if !t.run.stopped() {
		t.control.edge(len(t.run.c.Threads[t.Number].Operations))
	}
}

// end is deferred. A panic of the engine is a violation. The engine is then left as it is, because it may hold its locks.
func (t *thread) end() {
	if r := recover(); r != nil {
		t.run.panicked.Store(1)
		o := t.run.c.Threads[t.Number].Operations[t.at]
		t.run.violated(t, &check.Violation{
			Promise: check.Progress,
			Detail:  fmt.Sprintf("%v by %s panicked: %v, in %s", o, t.control.name, r, panicPlace(debug.Stack())),
		})
	}
	t.checked += t.Reader.Records
	t.control.ended.Store(1)
}

// panicPlace returns the file and line of a stack at which the panic began.
func panicPlace(stack []byte) string {
	_, below, _ := strings.Cut(string(stack), "\npanic(")
	for line := range strings.Lines(below) {
		if file, ok := strings.CutPrefix(line, "\t"); ok && !strings.Contains(file, "/runtime/") {
			file, _, _ = strings.Cut(file, " ")
			return filepath.Base(strings.TrimSpace(file))
		}
	}
	return "an unknown place"
}

func (t *thread) step(ctx context.Context, o Operation) *check.Violation {
	switch o.Kind {
	case Reopen:
		t.run.gate.Lock()
		defer t.run.gate.Unlock()
		return t.progress(o, t.run.reopen(ctx))
	case Advance:
		t.run.clock.Add(uint64(o.By))
		return nil
	case Cancel:
		t.run.lifelines[t.run.c.thread(o.Thread)].end()
		return nil
	}
	t.run.gate.RLock()
	defer t.run.gate.RUnlock()
	switch o.Kind {
	case Close, CloseStore:
		return t.closeBeside(ctx, o)
	case Handle:
		return t.ask(ctx, o)
	}
	return t.operate(ctx, o)
}

// operate executes an operation that operations of other threads may overlap.
func (t *thread) operate(ctx context.Context, o Operation) *check.Violation {
	t.closes, t.opened = t.run.openness()
	switch o.Kind {
	case Flush:
		return t.flush(t.calls(ctx), o)
	case Read:
		return t.read(t.calls(ctx), o)
	case Visible, Durable:
		return t.watermark(t.calls(ctx), o)
	case Other:
		return t.other(ctx, o)
	}
	return t.append(t.calls(ctx), o)
}

// count counts that a promise was tested.
func (t *thread) count(tested bool, p check.Promise) {
	if tested && t.run.plan != nil {
		t.run.plan.crashes.Tested(1, p.Name)
	}
}

func (t *thread) flush(ctx context.Context, o Operation) *check.Violation {
	covered, poisoned := t.run.board.Acknowledged(), t.run.poisoned.Load() != 0
	t.count(poisoned, check.StickyPoison)
	err := t.run.engine.Flush(ctx)
	t.control.event("returns", false)
	if err == nil {
		t.run.flushed.Raise(covered)
		return t.sticky(o, poisoned)
	}
	return t.progress(o, err)
}

// progress makes an error a violation, unless the program or an injected fault accounts for it and the contract allows it.
func (t *thread) progress(o Operation, err error) *check.Violation {
	switch v := words.Broken(err); {
	case err == nil || t.excused(err):
		return nil
	case v != nil:
		return v
	case errors.Is(err, storage.ErrClosed) && t.run.mayBeClosed(t.opened, t.closes):
		return nil
	case t.run.c.faulty() && t.run.tolerates(o, err):
		return nil
	}
	if errors.Is(err, storage.ErrPoisoned) && t.run.c.spares() {
		return poisonedForNothing(fmt.Sprintf("%v by %s", o, t.control.name), err)
	}
	return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("%v by %s failed: %v", o, t.control.name, err)}
}

func (t *thread) append(ctx context.Context, o Operation) *check.Violation {
	id := t.Invoke(o.Records(), t.run.c.Options.doomed(o))
	poisoned, over := t.run.poisoned.Load() != 0, t.lifeline.over()
	t.count(poisoned, check.StickyPoison)
	at, err := t.transact(ctx, o, id)
	if want := t.mustRefuse(o); want != nil {
		return t.mustHaveRefused(o, want, err)
	}
	if over && err == nil {
		return t.calledOff(o)
	}
	if v := t.progress(o, err); v != nil || id.Doomed || err != nil {
		t.control.event("returns", false)
		t.failed = err != nil
		if t.failed && !id.Doomed {
			t.Fail()
			t.refuse(o)
		}
		return v
	}
	if v := t.sticky(o, poisoned); v != nil {
		return v
	}
	if want := uint64(id.Count) - 1; at.Op != want {
		return &check.Violation{Promise: check.Order, At: at, Detail: fmt.Sprintf("%v by %s was acknowledged as %v, though its last record is number %d", o, t.control.name, at, want)}
	}
	if at.Tx < uint64(len(t.run.acked)) {
		t.run.acked[at.Tx].Store(pack(id))
	}
	t.Acknowledge(at)
	if t.run.c.Options.Interval > 0 {
		t.run.lastAt.Raise(uint64(failpoints.Now(ctx).UnixNano()))
	}
	if t.control.noting() {
		t.control.event("acknowledged "+at.String(), false)
	}
	return t.tailIsBounded(o, at)
}

func (t *thread) transact(ctx context.Context, o Operation, id check.Identity) (harness.Offset, error) {
	var fragments [][]harness.Record
	if t.prepared != nil {
		fragments = t.prepared[t.at]
	} else {
		fragments = fragmentsOf(t.run.values, o, id)
	}
	switch o.Kind {
	case Append:
		return t.run.engine.Append(ctx, fragments[0])
	case AppendDurable:
		return t.appendDurable(ctx, fragments[0])
	case AppendAt:
		return t.appendAt(ctx, o, fragments[0])
	case Spent:
		return t.spend(ctx, fragments)
	}
	return t.run.engine.(harness.FragmentAppender).AppendFragments(ctx, fragments, o.Kind == Fragments)
}

// fragmentsOf makes the records of a transaction; id is the identity of the first.
func fragmentsOf(values check.Values, o Operation, id check.Identity) [][]harness.Record {
	fragments := make([][]harness.Record, 0, len(o.Fragments))
	for _, n := range o.Fragments {
		records := make([]harness.Record, n)
		for i := range records {
			records[i] = values.Record(id)
			id.Index++
		}
		fragments = append(fragments, records)
	}
	return fragments
}

// pack puts what is known of an acknowledged transaction into a number that is not 0; identity unpacks it.
func pack(id check.Identity) uint64 {
	return uint64(id.Client)<<48 | uint64(id.Sequence)<<16 | uint64(id.Count)
}

func (r *run) identity(tx uint64) (id check.Identity, found bool) {
	if tx >= uint64(len(r.acked)) {
		return id, false
	}
	packed := r.acked[tx].Load()
	id = check.Identity{Client: uint32(packed >> 48), Sequence: uint32(packed >> 16), Count: uint16(packed)}
	return id, packed != 0
}

// read reads, and checks each record. It samples the acknowledgements before the read begins.
func (t *thread) read(ctx context.Context, o Operation) *check.Violation {
	over := t.lifeline.over()
	k := known{t.run.board.Acknowledged(), t.run.identity, t.Last}
	after, upTo := o.After.lower(k), o.UpTo.resolve(k).Offset
	t.Reader.Begin(after, upTo)
	t.count(t.run.c.faulty(), check.ReadAfterWrite)
	v := t.readRecords(ctx, o, after.Offset, upTo)
	if t.control.noting() {
		t.control.event(fmt.Sprintf("returns %d records", t.Reader.Got()), false)
	}
	if v != nil || t.failed {
		return v
	}
	if over {
		return t.calledOff(o)
	}
	return t.Client.End()
}

func (t *thread) readRecords(ctx context.Context, o Operation, after, upTo harness.Offset) *check.Violation {
	if t.run.disk != nil {
		struck := t.run.faultsSoFar()
		defer func() { t.count(t.run.faultsSoFar() > struck && !t.failed, check.StableReads) }()
	}
	t.reading = reading{of: o}
	t.run.engine.Read(ctx, after, upTo)(t.take)
	t.reading.over = true
	return t.reading.v
}

// taken checks what a read yields.
func (t *thread) taken(r harness.Record, err error) bool {
	mustGoOn(t.reading.over)
	t.reading.v = t.yielded(r, err)
	t.reading.over = err != nil || t.reading.v != nil
	return !t.reading.over
}

func (t *thread) yielded(r harness.Record, err error) *check.Violation {
	if err != nil {
		t.failed = true
		return t.progress(t.reading.of, err)
	}
	if v := t.Reader.Record(r); v != nil {
		return v
	}
	if t.Reader.Got() == 1 {
		t.reading.begun = t.run.begun()
	} else if r.Offset.Tx > t.reading.begun && t.run.stable() {
		return &check.Violation{Promise: check.StableReads, At: r.Offset, Detail: fmt.Sprintf("%v by %s yields %v, which nobody had begun to append when it yielded its first record", t.reading.of, t.control.name, r.Offset)}
	}
	if t.run.Reads {
		t.reads[t.at] = append(t.reads[t.at], r.Offset)
	}
	return nil
}
