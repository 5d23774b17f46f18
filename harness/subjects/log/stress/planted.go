package stress

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// Planted defects. A run that found nothing only means something if its checks would find a defect in this engine. So each of
// these defects is planted over the engine in turn, and the same checks must find it.

// CanaryRounds is the number of the first round that a canary runs in.
const CanaryRounds = 1 << 20

// ErrUnseen is wrapped by the error of a run whose checks did not find a planted defect.
var ErrUnseen = errors.New("the checks do not see what they must see")

// A plant is one defect.
type plant struct {
	name string
	// shownBy are the promises of which the defect must break at least one.
	shownBy []check.Promise
	over    func(harness.Engine, *planted) harness.Engine
	// waits plants the defect over the log whose appends wait instead, closes says that it matters while the engine is closed.
	waits  func(words.Log, *planted) words.Log
	closes bool
	// moot says why this engine may have the defect without breaking a promise, "" if it may not.
	moot func(c Config, p proof) string
}

var wrongReads = []check.Promise{
	check.ReadAfterWrite, check.Order, check.TransactionAtomicity, check.MonotonicReads, check.CleanRecovery, check.ReadErrors,
}

// plants are all defects, in the order in which a summary lists them.
var plants = []plant{
	{name: "a read that leaves out its last record", shownBy: wrongReads, over: func(e harness.Engine, p *planted) harness.Engine { return shortReads{e, p} }},
	{name: "a read that returns what was there one append ago", shownBy: wrongReads, over: func(e harness.Engine, p *planted) harness.Engine { return oldReads{e, p} }},
	{name: "an append that is acknowledged and not made", shownBy: wrongReads, over: func(e harness.Engine, p *planted) harness.Engine { return lostAppends{e, p} }},
	{name: "a flush that does nothing", shownBy: []check.Promise{check.Durability}, over: func(e harness.Engine, p *planted) harness.Engine { return idleFlushes{e, p} }, moot: mootFlush},
	{name: "a read that hides its error", shownBy: []check.Promise{check.ReadErrors}, over: func(e harness.Engine, p *planted) harness.Engine { return silentReads{e, p} }, moot: mootReadErrors},
	{name: "an append that takes more than the tail's limit", shownBy: []check.Promise{check.TailLimit}, waits: func(l words.Log, p *planted) words.Log { return boundless{l, p} }, moot: mootWaits},
	{name: "an append that is made although it was called off", shownBy: []check.Promise{check.Refusals}, waits: func(l words.Log, p *planted) words.Log { return &lateAppends{l, p, nil} }, moot: mootWaits},
	{
		name: "an append that a close refused, and that is acknowledged", shownBy: wrongReads, closes: true,
		over: func(e harness.Engine, p *planted) harness.Engine { return refusedAppends{e, p} }, moot: mootCloses,
	},
}

// noNeedToFlush is the reason for an engine that syncs each append.
const noNeedToFlush = "no flush had anything to do: according to the engine itself each append was durable when it returned"

func mootFlush(c Config, p proof) string {
	switch {
	case c.NotJudged[check.Durability.Name] != "":
		return c.NotJudged[check.Durability.Name]
	case c.Crash == nil && p.flushes == 0:
		return noNeedToFlush
	}
	return ""
}

func mootReadErrors(c Config, _ proof) string { return c.NotJudged[check.ReadErrors.Name] }

func mootWaits(_ Config, p proof) string {
	if p.waits == 0 {
		return "no append of this engine waited and was called off"
	}
	return ""
}

func mootCloses(_ Config, p proof) string {
	if p.closes == 0 {
		return "this engine was not closed beside operations"
	}
	return ""
}

// A planted is a defect planted over an engine. Its state survives a reopen of the engine.
type planted struct {
	*plant
	mu      sync.Mutex
	struck  uint64 // how often the defect made a difference
	appends uint64
	// newest and before are the last two acknowledged appends.
	newest, before harness.Offset
}

func (p *planted) over(e harness.Engine) harness.Engine { return p.plant.over(e, p) }

func (p *planted) strike() {
	p.mu.Lock()
	p.struck++
	p.mu.Unlock()
}

// shortReads leaves out the last record of each read.
type shortReads struct {
	harness.Engine
	*planted
}

func (e shortReads) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	return func(yield func(harness.Record, error) bool) {
		var held *harness.Record
		for r, err := range e.Engine.Read(ctx, after, upTo) {
			if held != nil && !yield(*held, nil) {
				return
			}
			if held = nil; err != nil {
				yield(harness.Record{}, err)
				return
			}
			kept := r.Clone()
			held = &kept
		}
		if held != nil {
			e.strike()
		}
	}
}

// oldReads reads as if the newest append had not been made.
type oldReads struct {
	harness.Engine
	*planted
}

func (e oldReads) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := e.Engine.Append(ctx, records)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil && e.newest.Before(at) {
		e.newest, e.before = at, e.newest
	}
	return at, err
}

func (e oldReads) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	e.mu.Lock()
	defer e.mu.Unlock()
	last := harness.Offset{Tx: e.before.Tx, Op: math.MaxUint64}
	switch {
	case !last.Before(upTo):
		return e.Engine.Read(ctx, after, upTo)
	case !after.Before(last) || last.Tx == 0:
		e.struck++
		return func(func(harness.Record, error) bool) {}
	}
	e.struck++
	return e.Engine.Read(ctx, after, last)
}

// lostAppends acknowledges every fourth append with the number that it would get, without making it.
type lostAppends struct {
	harness.Engine
	*planted
}

func (e lostAppends) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	e.mu.Lock()
	defer e.mu.Unlock() // no other append may get the number meanwhile
	if e.appends++; e.appends%4 == 0 {
		e.struck++
		return harness.Offset{Tx: e.newest.Tx + 1, Op: uint64(len(records) - 1)}, nil
	}
	at, err := e.Engine.Append(ctx, records)
	if err == nil && e.newest.Before(at) {
		e.newest = at
	}
	return at, err
}

// idleFlushes does nothing in a flush.
type idleFlushes struct {
	harness.Engine
	*planted
}

func (e idleFlushes) Flush(context.Context) error {
	e.strike()
	return nil
}

// silentReads ends a read at its first error, without the error.
type silentReads struct {
	harness.Engine
	*planted
}

func (e silentReads) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	return func(yield func(harness.Record, error) bool) {
		for r, err := range e.Engine.Read(ctx, after, upTo) {
			if err != nil {
				e.strike()
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// boundless appends although the tail is over its limit.
type boundless struct {
	words.Log
	*planted
}

func (l boundless) Append(ctx context.Context, records ...harness.Record) (harness.Offset, error) {
	at, err := l.Log.Append(ctx, records...)
	if errors.Is(err, context.Canceled) {
		l.strike()
		return at, nil
	}
	return at, err
}

// lateAppends makes an append that was called off when the next one is made.
type lateAppends struct {
	words.Log
	*planted
	late []harness.Record
}

func (l *lateAppends) Append(ctx context.Context, records ...harness.Record) (harness.Offset, error) {
	if late := l.late; late != nil {
		l.late = nil
		l.strike()
		if at, err := l.Log.Append(ctx, late...); err != nil {
			return at, err
		}
	}
	at, err := l.Log.Append(ctx, records...)
	if errors.Is(err, context.Canceled) {
		l.late = records
	}
	return at, err
}

// refusedAppends acknowledges an append that a close has refused, with the number that it would get.
type refusedAppends struct {
	harness.Engine
	*planted
}

func (e refusedAppends) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := e.Engine.Append(ctx, records)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil && e.newest.Before(at):
		e.newest = at
	case errors.Is(err, storage.ErrClosed):
		e.struck++
		return harness.Offset{Tx: e.newest.Tx + 1, Op: uint64(len(records) - 1)}, nil
	}
	return at, err
}

// A Canary is the result of one planted defect.
type Canary struct {
	Defect string `json:"defect"`
	// Promise is the promise that the defect broke, NotTried why it was not planted. One of them is set.
	Promise  string `json:"promise,omitempty"`
	NotTried string `json:"not_tried,omitempty"`
}

// canaryGoroutines is the most clients of a canary's round, canaryOperations how many operations each of them executes.
const (
	canaryGoroutines = 12
	canaryOperations = 40
)

// plantAll plants each defect, and requires that it is found. A violation that the defect does not explain is the engine's own,
// and becomes that of the run.
func (s *Summary) plantAll(ctx context.Context, config Config) error {
	for i := range plants {
		if ctx.Err() != nil {
			return nil // the run ends as interrupted
		}
		p := &planted{plant: &plants[i]}
		if (p.waits != nil || p.closes) && s.proof.ours == 0 {
			continue // other engines promise nothing about it
		}
		if p.moot != nil {
			if why := p.moot(config, s.proof); why != "" {
				s.Planted = append(s.Planted, Canary{Defect: p.name, NotTried: why})
				continue
			}
		}
		found, err := s.plantOne(ctx, config, p, CanaryRounds+i)
		if err != nil || s.Violation != nil {
			return err
		}
		s.Planted = append(s.Planted, Canary{Defect: p.name, Promise: found})
	}
	return nil
}

func (s *Summary) plantOne(ctx context.Context, c Config, p *planted, number int) (promise string, err error) {
	c.Goroutines = min(c.Goroutines, canaryGoroutines)
	c.Writers, c.Flushers = max(1, c.Goroutines/3), 1
	c.Each = canaryOperations
	c.Pause, c.Fragments, c.MinOverlaps, c.Operations, c.Progress = -1, -1, -1, 0, nil
	r, err := newRound(ctx, c, number, c.Grace) // its operations end it; the time is a last resort
	if err != nil || ctx.Err() != nil {
		return "", err
	}
	r.plant, r.operations = p, r.doneSoFar
	r.config.Progress = func(Progress) {}
	if err := r.run(ctx); err != nil {
		if s.deadlocked(r, err) { // no planted defect makes anybody wait
			return "", nil
		}
		return "", fmt.Errorf("with %s planted: %w", p.name, err)
	}
	switch v := r.violation; {
	case v == nil && ctx.Err() != nil:
		return "", nil
	case v == nil:
		took := ""
		if time.Since(r.began) > c.Grace {
			took = fmt.Sprintf(" (the round was ended by its time, %v: --grace)", c.Grace)
		}
		return "", fmt.Errorf("%w: %s was planted over this engine, made a difference %d times in %d operations, and nothing was found%s; if that breaks no promise of this engine, say so in Config.NotJudged (%s)", ErrUnseen, p.name, p.struck, r.doneSoFar(), took, p.shownBy[0].Name)
	case p.struck == 0 || !slices.Contains(p.shownBy, v.Promise):
		s.Violation = newFinding(r)
		return "", nil
	default:
		return v.Promise.Name, nil
	}
}
