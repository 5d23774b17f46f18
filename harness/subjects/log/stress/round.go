package stress

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// A round opens a fresh engine and runs all clients on it. When they are done, it closes the engine, opens it again and scans it.
type round struct {
	config  Config
	number  int
	seed    uint64
	factory harness.Factory
	engine  harness.Engine
	board   *check.Board
	values  check.Values
	clients []*client
	tasks   taskList
	began   time.Time
	ends    time.Duration // since began
	points  []*failpoints.Point

	// plant, if set, is the defect that is planted over each engine.
	plant *planted
	raw   harness.Engine // without the defect
	proof proof

	// window is odd while a flush is between its write and its trim. A flush passes opens when that begins, and closes when it
	// ends.
	window        raceoff.Number
	opens, closes *failpoints.Point

	closed     raceoff.Number // not 0 once a close beside operations has returned
	uncounted  raceoff.Number // appends that were acknowledged beside it
	stop       raceoff.Number // not 0 once the clients should end: stopped or interrupted
	stopping   chan struct{}  // closed when the run is interrupted
	operations func() uint64  // how many the whole run has done, for its limit

	mu        sync.Mutex
	violation *check.Violation
	violator  *client
	scanned   uint64
	// unclosed says that a panic has left the engine open: its tasks may still run, so their histories must not be read.
	unclosed atomic.Bool
}

func newRound(ctx context.Context, config Config, number int, ends time.Duration) (*round, error) {
	r := &round{
		config: config, number: number, ends: ends,
		seed:   config.Seed + uint64(number)*0x9e3779b97f4a7c15,
		points: failpoints.Points(),
		board:  check.NewBoard(config.Goroutines), stopping: make(chan struct{}),
	}
	r.values = check.Values{Seed: r.seed, MinBytes: config.MinValueBytes, MaxBytes: config.MaxValueBytes}
	for _, p := range r.points {
		switch p.Name() {
		case config.Window[0]:
			r.opens = p
		case config.Window[1]:
			r.closes = p
		}
	}
	if config.MinOverlaps > 0 && (r.opens == nil || r.closes == nil) {
		return nil, fmt.Errorf("%w: this binary has no failpoints %q and %q: name those around your engine's write and trim in Window, or set MinOverlaps to -1", ErrConfig, config.Window[0], config.Window[1])
	}
	var err error
	if r.factory, err = config.Open(number); err != nil {
		return nil, fmt.Errorf("round %d: %w", number, err)
	}
	return r, r.makeClients(ctx)
}

// makeClients makes the clients. It stops when ctx ends, because a great number of them takes a while.
func (r *round) makeClients(ctx context.Context) error {
	c := r.config
	whole, pieces := 100, 0
	if c.Fragments > 0 {
		pieces = max(1, int(math.Round(c.Fragments*100)))
		whole -= min(pieces, 99)
	}
	for i := range c.Goroutines {
		if ctx.Err() != nil {
			return nil
		}
		mix, role, name := harness.Mix{Read: 100, Watching: 2}, reads, fmt.Sprintf("r%d", i-c.Writers-c.Flushers)
		switch {
		case i < c.Writers:
			mix = harness.Mix{Append: whole, Fragments: pieces, Abort: (pieces + 3) / 4, Writing: 6, MaxRecords: c.MaxRecords}
			role, name = appends, fmt.Sprintf("w%d", i)
		case i < c.Writers+c.Flushers:
			mix, role, name = harness.Mix{Flush: 1}, flushes, fmt.Sprintf("f%d", i-c.Writers)
		}
		made, err := newClient(r, uint32(i), role, name, mix)
		if err != nil {
			return err
		}
		r.clients = append(r.clients, made)
	}
	return nil
}

// Why clients should end. When the run is interrupted, a client ends even before its first operation.
const (
	stopped     = 1
	interrupted = 2
)

// over reports whether clients should end.
func (r *round) over() bool { return r.stop.Load() != 0 || time.Since(r.began) >= r.ends }

// violated keeps the first violation and stops the round.
func (r *round) violated(c *client, v *check.Violation) {
	r.mu.Lock()
	if r.violation == nil {
		r.violation, r.violator = v, c
	}
	r.mu.Unlock()
	r.stop.Store(stopped)
}

// panicked makes a violation of a panic of the engine, in a client or, with nil, in another goroutine of the round. Defer it.
func (r *round) panicked(c *client) {
	if why := recover(); why != nil {
		if c == nil {
			r.unclosed.Store(true)
		}
		r.violated(c, check.Panicked(why, debug.Stack()))
	}
}

// run executes the round. An error means that the run itself failed; a violation is in r.violation.
func (r *round) run(ctx context.Context) error {
	r.began = time.Now()
	if err := r.open(ctx); err != nil {
		return err
	}
	release := context.AfterFunc(ctx, func() {
		r.stop.Store(interrupted)
		close(r.stopping)
	})
	defer release()
	var group sync.WaitGroup
	for _, c := range r.clients {
		group.Add(1)
		go func() {
			defer group.Done()
			c.run(context.WithoutCancel(ctx))
		}()
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	if err := r.watch(done); err != nil {
		return err
	}
	if r.violation != nil {
		if r.inTime(func() { _ = r.engine.Close(context.WithoutCancel(ctx)) }) != nil { // a panic may have left a lock held
			r.unclosed.Store(true)
		}
		return nil
	}
	defer r.panicked(nil)
	return r.settle(context.WithoutCancel(ctx))
}

func (r *round) open(ctx context.Context) error {
	main := newRecorder(r, "main", math.MaxUint64)
	r.tasks.add(main)
	engine, err := r.factory(failpoints.With(context.WithoutCancel(ctx), main))
	if err != nil {
		return fmt.Errorf("open the engine for round %d: %w", r.number, err)
	}
	r.raw, r.engine = engine, engine
	if r.plant != nil && r.plant.plant.over != nil {
		r.engine = r.plant.over(engine)
	}
	return nil
}

// watch reports progress until the clients are done, and stops them when the run's operations are done. If they then wait for one
// another, they hang, and so does who does not end for long after that.
func (r *round) watch(done <-chan struct{}) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var ended time.Time
	look := newWatch()
	before := r.tell() // so that a run that ends before the first tick has its peaks
	for {
		select {
		case <-done:
			return nil
		case <-tick.C:
		}
		if ended.IsZero() && r.over() {
			ended = time.Now()
		}
		total := r.tell()
		if r.config.Operations > 0 && total >= r.config.Operations {
			r.stop.Store(stopped)
		}
		if !ended.IsZero() && (total == before || time.Since(ended) > r.config.Grace) { // while operations end, to look costs time for nothing
			if err := r.hangs(look, time.Since(ended)); err != nil {
				return err
			}
		}
		before = total
	}
}

// tell reports progress, and returns how many operations the run has done so far.
func (r *round) tell() (total uint64) {
	total = r.operations()
	if r.config.Progress != nil {
		r.config.Progress(Progress{Round: r.number, Operations: total, Goroutines: runtime.NumGoroutine(), RoundLeft: r.ends - time.Since(r.began)})
	}
	return total
}

// errIdle is the error of a run in which some goroutine did nothing.
var errIdle = errors.New("a goroutine completed no operation")
