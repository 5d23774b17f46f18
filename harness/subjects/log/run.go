package log

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// ErrUnmet is wrapped by the error of a run in which a "while" or an "until" could not come true. The case was not executed as
// written, so there is no verdict.
var ErrUnmet = errors.New("a delay did not come true")

// ErrPatience is wrapped beside ErrUnmet if only time ran out: with more patience it might have come true.
var ErrPatience = errors.New("perhaps the two threads wait for each other")

// ErrHang is wrapped by the error of a run whose operations do not end.
var ErrHang = errors.New("operations do not end")

// A Runner executes cases. The zero value can be used.
type Runner struct {
	// Patience is how long a "while" or an "until" may take; default 5 s.
	Patience time.Duration
	// Hang is how long the whole program may take; default 60 s. The threads that hang are left behind.
	Hang time.Duration
	// Reads keeps the offsets that each read yielded, Events what each thread did.
	Reads, Events bool
	// Over plants a defect over the engine each time that it is opened; nil for none. What it returns must be a FragmentAppender
	// and Opened, too.
	Over func(harness.Engine) harness.Engine
}

// An Outcome is the result of an execution.
type Outcome struct {
	// Violation is the first one found, nil if every promise held.
	Violation *check.Violation
	// Thread and Operation (from 1) found it; empty and 0 for the scans at the end.
	Thread    string
	Operation int
	// Reads holds the offsets of the records of each read, by thread and operation (both from 0).
	Reads map[[2]int][]harness.Offset
	// Events are ordered by time.
	Events []Event
	// Records counts the records that were checked, including those of the final scans.
	Records uint64
}

// A run is one execution.
type run struct {
	Runner
	parts
	c            Case
	began        time.Time
	patience     time.Duration
	events       bool
	board        *check.Board
	values       check.Values
	lengths      [2][][]Operation // by doomed, thread and sequence: the operations that append
	clock        raceoff.Number   // nanoseconds since the epoch
	stop         raceoff.Number
	panicked     raceoff.Number
	records      uint64           // checked by scans
	plan         *plan            // of an execution under the scheduler
	disk         *crash.Disk      // of a case with faults or a crash, else nil
	faults       []*crash.Counter // of the disk
	flips        []*crash.Toggle  // those of the faults that flip bits
	flushed      raceoff.Number   // the highest transaction that a flush has covered
	poisoned     raceoff.Number   // 1 once an operation was told that the log is poisoned
	healed       raceoff.Number   // 1 once faults are over
	struck       raceoff.Number   // faults that threads have met at fault points; disk faults are added when they are counted
	closed       raceoff.Number   // 1 while no log is open, because a reopen was refused
	lastReopened bool             // the log was opened again after the program, while the disk could still fail
	opening      raceoff.Number   // 1 while a reopen is in progress
	met          raceoff.Number   // the faults that had come when an operation last began or ended
	durables     raceoff.Number   // the highest transaction that the engine has called durable
	acked        []raceoff.Number // by transaction: who appended it, packed
	came         []raceoff.Number // by delay: 1 once the thread has reached its place
	controls     []*control
	flusher      *control
	threads      []*thread

	lifelines  []*lifeline      // by thread; nil if the program does not end its context
	refused    []raceoff.Number // by thread: the append of which an error said that nothing was appended; 0 for none
	closes     raceoff.Number   // closes of the log or its store that have begun, except by reopens
	closesOver raceoff.Number   // how many of these have returned
	reopens    raceoff.Number   // how many of these came before the log was last opened again
	others     others
	lastAt     raceoff.Number // when the latest acknowledgement came, on the clock of the case

	// gate is held shared by operations, and alone by a reopen. It does not order its readers among themselves.
	gate    sync.RWMutex
	turns   gate // the same under the scheduler
	factory harness.Factory
	engine  harness.Engine
	hung    bool

	mu        sync.Mutex
	failed    error
	violation *check.Violation
	by        string
	operation int

	violatedAt time.Duration
}

// Run executes the case once: each thread is a goroutine, and the disk is in memory. At the end the log is scanned, closed,
// opened again and scanned again. An error means that there is no verdict: it wraps failpoints.ErrNotInstrumented, ErrCase,
// ErrUnmet or ErrHang, or it is the engine's.
func (r Runner) Run(ctx context.Context, c Case) (Outcome, error) {
	if err := failpoints.Require("a case", "racewindow build, or run the test with: racewindow test"); err != nil {
		return Outcome{}, err
	}
	if err := c.Check(); err != nil {
		return Outcome{}, err
	}
	if c.faulty() || c.Crash != nil {
		return Outcome{}, fmt.Errorf("%w: goroutines of their own have no disk that fails: faults (!) and crashes need the scheduler", ErrCase)
	}
	x, err := r.prepare(c.Clone())
	if err != nil {
		return Outcome{}, err
	}
	err = x.execute(ctx)
	o := x.outcome()
	if err == nil && o.Violation == nil {
		err = x.unreached()
	}
	return o, err
}

func (r Runner) prepare(c Case) (*run, error) {
	if r.Patience == 0 {
		r.Patience = 5 * time.Second
	}
	if r.Hang == 0 {
		r.Hang = time.Minute
	}
	handover, err := storage.HandoverByName(c.Options.Handover)
	if err != nil {
		return nil, err
	}
	o := c.Options
	x := &run{Runner: r, c: c, patience: r.Patience, events: r.Events, board: check.NewBoard(len(c.Threads))}
	interval := o.Interval
	if interval == 0 {
		interval = -1
	}
	x.factory = harness.StorageFactory("memory", storage.Options{
		Handover: handover, Disk: storage.MemoryDisk(), ArenaBytes: o.Arena, ChunkBytes: o.Chunk,
		SegmentBytes: o.Segment, FlushBytes: o.Flush, FlushInterval: interval, TailBytes: o.Tail, CacheBytes: o.cacheBytes(), MaxValueBytes: o.Value, NoSync: o.NoSync,
	}, "case")
	if r.Over != nil {
		x.factory = r.planted(x.factory)
	}
	transactions := x.countAppends()
	x.acked = newNumbers(transactions + 1)
	x.values = check.Values{Seed: o.Seed, Length: x.valueBytes, MaxBytes: MaxValueBytes, Frames: o.Frames}
	x.lifelines, x.refused = c.lifelines(), newNumbers(len(c.Threads))
	points := len(failpoints.Points())
	for i, t := range c.Threads {
		x.controls = append(x.controls, &control{run: x, name: t.Name, passes: make([]raceoff.Number, points)})
		x.threads = append(x.threads, newThread(x, i))
	}
	x.flusher = &control{run: x, name: flusherThread, passes: make([]raceoff.Number, points)}
	x.came = newNumbers(len(c.Delays))
	for i, d := range c.Delays {
		x.hold(i, d)
	}
	return x, nil
}

// planted opens engines with the defect over them.
func (r Runner) planted(open harness.Factory) harness.Factory {
	return func(ctx context.Context) (harness.Engine, error) {
		engine, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return r.Over(engine), nil
	}
}

func newNumbers(n int) []raceoff.Number { return make([]raceoff.Number, n) }

// countAppends lists the operations that append, so that a record's identity determines its value.
func (r *run) countAppends() (transactions int) {
	for doomed := range r.lengths {
		r.lengths[doomed] = make([][]Operation, len(r.c.Threads))
	}
	for i, t := range r.c.Threads {
		for _, o := range t.Operations {
			switch {
			case !o.ownLog():
			case r.c.Options.doomed(o):
				r.lengths[1][i] = append(r.lengths[1][i], o)
			default:
				r.lengths[0][i] = append(r.lengths[0][i], o)
				transactions++
			}
		}
	}
	return transactions
}

// valueBytes is the length of a record's value; 0 for a record that no client appended.
func (r *run) valueBytes(id check.Identity) int {
	doomed := 0
	if id.Doomed {
		doomed = 1
	}
	if int64(id.Client) >= int64(len(r.c.Threads)) || int64(id.Sequence) > int64(len(r.lengths[doomed][id.Client])) || id.Sequence == 0 {
		return 0
	}
	o := r.lengths[doomed][id.Client][id.Sequence-1]
	if int(id.Index) >= o.Records() {
		return 0
	}
	return o.ValueBytes(int(id.Index))
}

func (r *run) execute(ctx context.Context) error {
	main := failpoints.With(ctx, &control{run: r, name: "main"})
	r.began = time.Now()
	engine, err := r.factory(main)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	r.engine = engine
	uninterrupted := context.WithoutCancel(ctx) // a cancelled operation would look like one that failed
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for _, t := range r.threads {
			all.Go(func() { t.work(uninterrupted) })
		}
		all.Wait()
	}()
	hang := time.NewTimer(r.Hang)
	defer hang.Stop()
	interrupted := context.AfterFunc(ctx, func() { r.stop.Store(1) }) // releases the threads that wait for others
	defer interrupted()
	select {
	case <-done:
		if err := ctx.Err(); err != nil && r.violation == nil {
			return fmt.Errorf("interrupted: %w", err)
		}
	case <-hang.C:
		standing := r.standing() // before those that wait for others are told to end
		r.stop.Store(1)
		r.hung = true
		return fmt.Errorf("%w: after %v threads stand in: %s", ErrHang, r.Hang, standing)
	}
	if r.panicked.Load() != 0 {
		r.flusher.ended.Store(1)
		return nil
	}
	return r.finish(main)
}

// finish scans the log, closes it, opens it again and scans it again.
func (r *run) finish(ctx context.Context) error {
	if !r.stopped() && !r.isOpen() {
		if err := r.reopen(ctx); err != nil {
			return err
		}
	}
	for _, reopened := range []bool{false, true} {
		if !r.stopped() {
			if err := r.scan(ctx, reopened); err != nil {
				return err
			}
		}
		if !reopened {
			if err := r.reopen(ctx); err != nil {
				return err
			}
		}
	}
	r.flusher.ended.Store(1)
	if err := r.engine.Close(ctx); err != nil && r.violation == nil {
		return fmt.Errorf("close: %w", err)
	}
	return r.failed
}

// reopen closes the engine and opens it again.
func (r *run) reopen(ctx context.Context) error {
	closes, opened := r.openness()
	if err := r.engine.Close(ctx); err != nil && !(errors.Is(err, storage.ErrClosed) && !opened) {
		return fmt.Errorf("close: %w", err)
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	r.reopens.Raise(closes)
	return nil
}

// open opens the engine again.
func (r *run) open(ctx context.Context) error {
	engine, err := r.factory(ctx)
	if err != nil {
		return fmt.Errorf("reopen: %w", err)
	}
	r.engine = engine
	return nil
}

func (r *run) scan(ctx context.Context, reopened bool) error {
	v, err := r.scanned(r.whole(ctx), reopened)
	if v != nil {
		r.violated(nil, v)
	}
	return err
}

// whole reads the whole log.
func (r *run) whole(ctx context.Context) iter.Seq2[harness.Record, error] {
	return r.engine.Read(ctx, harness.Offset{}, storage.End)
}

// scanned checks what a read of the whole log yields.
func (r *run) scanned(whole iter.Seq2[harness.Record, error], reopened bool) (*check.Violation, error) {
	s := &r.scanning
	s.begin(r, reopened)
	whole(s.take)
	s.over = true
	r.records += s.check.Records
	if s.v != nil || s.err != nil {
		return s.v, wrapped("scan", s.err)
	}
	if v := s.check.End(); v != nil {
		return v, nil
	}
	return r.refusedAre(s.check), nil
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// standing lists the operations that have not ended, for a report.
func (r *run) standing() string {
	var words []string
	for i, c := range r.controls {
		if done := int(c.done.Load()); c.ended.Load() == 0 && done < len(r.c.Threads[i].Operations) {
			words = append(words, fmt.Sprintf("%s: %v", c.name, r.c.Threads[i].Operations[done]))
		}
	}
	return strings.Join(words, "; ")
}

func (r *run) stopped() bool { return r.stop.Load() != 0 }

// violated records the first violation and ends the run. t is nil for the scans at the end.
func (r *run) violated(t *thread, v *check.Violation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.violation == nil && r.failed == nil {
		r.violation, r.violatedAt = v, time.Since(r.began)
		if t != nil {
			r.by, r.operation = t.control.name, t.at+1
		}
	}
	r.stop.Store(1)
}

func (r *run) outcome() Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := Outcome{Violation: r.violation, Thread: r.by, Operation: r.operation, Records: r.records}
	if r.hung { // the threads may still write
		return o
	}
	for i, t := range r.threads {
		o.Records += t.checked
		for at, offsets := range t.reads {
			if o.Reads == nil {
				o.Reads = map[[2]int][]harness.Offset{}
			}
			o.Reads[[2]int{i, at}] = offsets
		}
		o.Events = append(o.Events, t.control.events...)
	}
	if r.panicked.Load() != 0 {
		return o // the flusher still runs
	}
	if flushed := func(e Event) bool { return e.Text == "flush/before-write" }; slices.ContainsFunc(r.flusher.events, flushed) {
		o.Events = append(o.Events, r.flusher.events...)
	}
	if r.violation != nil { // what happened after the violation is not part of it
		o.Events = slices.DeleteFunc(o.Events, func(e Event) bool { return e.At > r.violatedAt })
	}
	slices.SortStableFunc(o.Events, func(a, b Event) int { return int(a.At - b.At) })
	return o
}
