package log

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
	"github.com/racewindow/racewindow/storage"
)

// Scenario returns the case's program as a scenario of the scheduler, without its switches. Each thread of the program is a
// thread, and the store's flusher is a task. Every read is checked as it proceeds. At the end the log is scanned, closed,
// opened again and scanned again.
//
// Errors wrap ErrCase or failpoints.ErrNotInstrumented.
func (c Case) Scenario() (sched.Scenario, error) {
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	return p.scenario, nil
}

// Recorded is Scenario, and also keeps the history of the latest execution. It is not for concurrent executions.
func (c Case) Recorded() (sched.Scenario, *history.Recorder, error) {
	p, err := c.plan()
	if err != nil {
		return nil, nil, err
	}
	p.history = &history.Recorder{}
	return p.scenario, p.history, nil
}

// Crashing is Scenario for a case with a crash or faults, and counts what becomes of them. A crash is an error in a build with
// -race, which cannot read a disk between two threads without a data race.
func (c Case) Crashing() (sched.Scenario, *Crashes, error) {
	if c.Crash == nil && !c.faulty() {
		return nil, nil, fmt.Errorf("%w: neither a crash nor faults: add the clause 'crash any'", ErrCase)
	}
	p, err := c.plan()
	if err != nil {
		return nil, nil, err
	}
	return p.scenario, p.crashes, nil
}

func (c Case) plan() (*plan, error) {
	if err := failpoints.Require("the scheduler", "make build (it makes bin/racewindow), or run the test with: racewindow test"); err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Crash != nil && raceoff.Enabled {
		return nil, fmt.Errorf("%w: a case with a crash needs a build without -race: the disk is looked at between two threads", ErrCase)
	}
	if len(c.Delays) > 0 {
		return nil, fmt.Errorf("%w: a case with delays (~) is executed by goroutines: leave them out", ErrCase)
	}
	return newPlan(c.Clone())
}

// A plan is what all executions of a case share.
type plan struct {
	c            Case
	general      cases.Case
	options      storage.Options
	lengths      [2][][]Operation
	transactions int
	labels       [][]string
	records      [][][][]harness.Record // by thread and operation: the fragments
	reopens      bool
	cancels      bool
	reopenings   reopenings
	history      *history.Recorder // nil if nobody asked for it
	crashes      *Crashes
	boasts       bool // for the canary: the engine calls everything acknowledged durable
	// lying puts a faulty layer between a recovered log and its disk, to test the checks that must find it.
	lying func(*crash.Disk) storage.Disk
	// wrong replaces the engine of an execution with one that breaks a promise, in the same tests.
	wrong func(*run, harness.Engine) harness.Engine
}

func newPlan(c Case) (*plan, error) {
	handover, err := storage.HandoverByName(c.Options.Handover)
	if err != nil {
		return nil, err
	}
	o := c.Options
	p := &plan{c: c, crashes: cases.NewCrashes(), general: c.General(), options: storage.Options{
		Handover: handover, ArenaBytes: o.Arena, ChunkBytes: o.Chunk,
		SegmentBytes: o.Segment, FlushBytes: o.Flush, FlushInterval: o.Interval, TailBytes: o.Tail, CacheBytes: o.cacheBytes(), MaxValueBytes: o.Value, NoSync: o.NoSync,
	}}
	if o.Interval == 0 {
		p.options.FlushInterval = -1
	}
	if o.Arena == 0 {
		p.options.ArenaBytes = p.arenaBytes()
	}
	r := &run{c: c}
	p.transactions, p.lengths = r.countAppends(), r.lengths
	r.values = check.Values{Seed: o.Seed, Length: r.valueBytes, Frames: o.Frames}
	for i, t := range c.Threads {
		var labels []string
		for _, o := range t.Operations {
			labels = append(labels, o.String())
			p.reopens = p.reopens || o.Kind == Reopen
			p.cancels = p.cancels || o.Kind == Cancel
		}
		p.labels = append(p.labels, labels)
		p.records = append(p.records, prepareRecords(o, r.values, uint32(i), t.Operations))
	}
	return p, nil
}

// prepareRecords makes the records that a thread appends, the same for each execution.
func prepareRecords(options Options, values check.Values, client uint32, operations []Operation) [][][]harness.Record {
	var sequences [2]uint32
	all := make([][][]harness.Record, len(operations))
	for i, o := range operations {
		if !o.ownLog() {
			continue
		}
		doomed := 0
		if options.doomed(o) {
			doomed = 1
		}
		sequences[doomed]++
		for _, n := range o.Sizes {
			values.MaxBytes = max(values.MaxBytes, n)
		}
		values.MaxBytes = max(values.MaxBytes, DefaultValueBytes)
		all[i] = fragmentsOf(values, o, check.Identity{Client: client, Sequence: sequences[doomed], Count: uint16(o.Records()), Doomed: doomed == 1})
		if o.Kind == AppendAt {
			placed(all[i][0], o)
		}
	}
	return all
}

// arenaBytes is large enough for the whole program in one arena. The engine's default, 64 KiB, costs more to clear than the
// rest of a schedule.
func (p *plan) arenaBytes() int {
	bytes := 0
	for _, t := range p.c.Threads {
		for _, o := range t.Operations {
			for i := range o.Records() {
				bytes += o.ValueBytes(i) + recordBytes
			}
		}
	}
	return min(max(256, bytes), 64<<10)
}

// A violated promise is a failure of its own class. A read that misses everything is a different finding from one that misses
// a part. A violation in the scans at the end is a different finding from one in a read of the program.
type violated struct {
	*check.Violation
	scan bool
	// recovered says that it was seen in a log that was opened again after a crash or a fault: the history ends before that.
	recovered bool
}

func (v violated) Class() string {
	if v.scan {
		return v.Fingerprint() + " at the end"
	}
	return v.Fingerprint()
}

// Violation returns the broken promise of a failure, nil if it is of another kind.
func Violation(f *sched.Failure) *check.Violation {
	if f == nil {
		return nil
	}
	var v violated
	if errors.As(f.Err, &v) {
		return v.Violation
	}
	return nil
}

// InHistory says whether the operations of the execution show the failure. They do not if it was seen in a log that was opened
// again after a crash or a fault, or by a call that neither appends nor reads.
func InHistory(f *sched.Failure) bool {
	if f == nil {
		return true
	}
	switch v := f.Err.(type) {
	case violated:
		return !v.recovered && !v.Promise.Said()
	case *cases.CrashError:
		return false
	}
	return true
}

func (p *plan) scenario(x *sched.Execution) {
	r := p.next(x)
	if p.c.faulty() || p.c.Crash != nil {
		r.useDisk(p, x)
	}
	if p.wrong != nil {
		plain := r.factory
		r.factory = func(ctx context.Context) (harness.Engine, error) {
			e, err := plain(ctx)
			if err != nil {
				return nil, err
			}
			return p.wrong(r, e), nil
		}
	}
	if p.history != nil {
		p.record(r)
	}
	engine, err := r.factory(x.Context())
	if err != nil {
		x.Fail(fmt.Errorf("open: %w", err))
	}
	r.engine = engine
	r.injectDiskFaults()
	x.Observe(observer{r})
	for _, t := range r.threads {
		x.Go(t.control.name, t.body)
	}
	x.Finally(r.finally)
}

// useDisk puts a disk under the engine that can fail and lose power, and arms the faults at fault points and the crash.
func (r *run) useDisk(p *plan, x *sched.Execution) {
	r.disk, r.memory = crash.New(), nil
	r.disk.Sleep(x.Advance)
	options := p.options
	options.Disk = r.disk
	r.factory = harness.StorageFactory("memory", options, "case")
	if p.c.faulty() {
		x.Faults(func(thread string, point *failpoints.Point, hit int) (any, bool) {
			if r.healed.Load() != 0 {
				return nil, false
			}
			value, index := p.general.Deliver(thread, point, hit)
			if index < 0 || r.opening.Load() != 0 && flipsBits(p.c.Faults[index]) {
				return nil, false
			}
			r.struck.Add(1)
			p.crashes.FaultCame(index, 1)
			return value, true
		})
		if !raceoff.Enabled && p.c.Crash == nil { // a crash has an invariant of its own
			x.Invariant(r.goesOn)
		}
	}
	if p.c.Crash != nil {
		p.crashes.Watch(x, *p.c.Crash, r)
	}
}

// injectDiskFaults arms the faults of the disk. Call it once the log is open.
func (r *run) injectDiskFaults() {
	var rules []crash.Injector
	r.faults = make([]*crash.Counter, len(r.c.Faults))
	for i, f := range r.c.Faults {
		if f.Disk != "" {
			rule, _ := crash.ParseRule(f.Disk) // Check has parsed it already
			r.faults[i] = crash.Count(rule)
			if toggle := crash.Switched(r.faults[i]); flipsBits(f) {
				r.flips = append(r.flips, toggle)
				rules = append(rules, toggle)
				continue
			}
			rules = append(rules, r.faults[i])
		}
	}
	if len(rules) > 0 {
		r.disk.Inject(crash.Any(rules...))
	}
}

func (c Case) faulty() bool { return len(c.Faults) > 0 }

// execute is what a client does: one thread of the program.
func (t *thread) execute(st *sched.T) {
	p, r := t.run.plan, t.run
	t.control.sink = st
	ctx := p.recorded(st, int(t.Number))
	for i, o := range p.c.Threads[t.Number].Operations {
		st.Op(p.labels[t.Number][i])
		t.at = i
		if p.reopens {
			r.turns.enter(ctx, o.Kind == Reopen)
		}
		r.met.Store(r.faultsSoFar())
		t.shares(o)
		v := t.scheduled(ctx, o)
		t.shares(o)
		if v == nil && r.disk != nil {
			v = r.watch()
		}
		r.met.Store(r.faultsSoFar())
		if v != nil {
			st.Fail(violated{v, false, false})
		}
		if p.reopens {
			r.turns.leave(o.Kind == Reopen)
		}
		if t.failed {
			return // nobody knows whether its append took effect, so it must not append again
		}
	}
}

// shares tells the search what no point declares: at its beginning and at its end every operation but a read changes what
// judges know of all clients, or looks at what points declare before its first point. So reads need not tell.
func (t *thread) shares(o Operation) {
	if o.Kind != Read {
		t.run.execution.Shares()
	}
}

// declared says whether the points of the engine, and shares, tell all that the threads of the case share. Where an operation closes
// or opens a log, or uses a second one, more is shared in the middle of operations; a crash and faults come between any two steps.
func (c Case) declared() bool {
	return c.Crash == nil && !c.faulty() && !c.says(Reopen, Close, CloseStore, Handle, Other)
}

// scheduled is step under the scheduler, where no lock is needed against a reopen.
func (t *thread) scheduled(ctx context.Context, o Operation) *check.Violation {
	switch {
	case o.Kind == Reopen && t.run.c.faulty():
		return t.reopenFaulty(ctx, o)
	case o.Kind == Reopen:
		return t.progress(o, t.run.reopen(ctx))
	case o.Kind == Cancel:
		t.run.lifelines[t.run.c.thread(o.Thread)].end()
		return nil
	case o.Kind == Close || o.Kind == CloseStore:
		return t.closeBeside(ctx, o)
	case o.Kind == Handle:
		return t.ask(ctx, o)
	case o.Kind == Advance:
		t.control.sink.Advance(o.By)
		return nil
	case t.run.closed.Load() != 0:
		t.failed = true
		return nil
	}
	return t.operate(ctx, o)
}

// conclude checks what is left after all threads have ended.
func (r *run) conclude(ctx context.Context, t *sched.T) {
	if r.c.faulty() {
		r.concludeFaulty(ctx, t)
		return
	}
	if v := r.flushesCome(ctx); v != nil {
		t.Fail(violated{v, true, false})
	}
	if !r.isOpen() {
		if err := r.reopen(ctx); err != nil {
			t.Fail(err)
		}
	}
	t.Note("scan")
	r.mustHold(t, r.whole(ctx), false)
	if err := r.engine.Close(ctx); err != nil {
		t.Fail(fmt.Errorf("close: %w", err))
	}
	r.concludeReopened(ctx, t)
}

// concludeReopened checks what the log holds once it is opened again, and closes it.
func (r *run) concludeReopened(ctx context.Context, t *sched.T) {
	image := r.image(ctx, t)
	if records, found := r.plan.reopenings.find(image); found {
		r.mustHold(t, recall(records), true)
		r.keep(t)
		return
	}
	if err := r.open(ctx); err != nil {
		t.Fail(err)
	}
	t.Note("scan after reopening")
	var records []harness.Record
	r.mustHold(t, keeping(r.whole(ctx), &records), true)
	if v := r.otherIsWhole(ctx); v != nil {
		t.Fail(violated{v, true, false})
	}
	if err := r.engine.Close(ctx); err != nil {
		t.Fail(fmt.Errorf("close: %w", err))
	}
	if image != nil {
		r.plan.reopenings.add(image, records)
	}
	r.keep(t)
}

// mustHold checks a read of the whole log.
func (r *run) mustHold(t *sched.T, whole iter.Seq2[harness.Record, error], reopened bool) {
	if v, err := r.scanned(whole, reopened); err != nil {
		t.Fail(err)
	} else if v != nil {
		t.Fail(violated{v, true, false})
	}
}
