package stress

import (
	"context"
	"errors"
	"iter"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// What the tests of this package build on: small runs, an engine that is not storage, and engines that fail on purpose.

func TestMain(m *testing.M) {
	if name := os.Getenv(plantedVariable); name != "" {
		os.Exit(runPlanted(name))
	}
	os.Exit(m.Run())
}

// requireInstrumented skips a test that needs failpoints to fire, or fails it where all must run.
func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// delays are those that the command uses by default.
var delays = failpoints.Delays{Probability: 0.02}

// smallRun is a short run of few goroutines that asks for nothing but to end. It is bounded by operations: the time is a last resort.
func smallRun(open func(round int) (harness.Factory, error)) Config {
	return Config{
		Name: "test", Open: open, Goroutines: 60, Each: 60, Rounds: 1, Duration: 10 * time.Minute, Round: 10 * time.Minute, Grace: 10 * time.Minute, Pause: 2 * time.Millisecond,
		MaxValueBytes: 64, Delays: delays, Seed: 1, MinOverlaps: -1,
		NotJudged: map[string]string{"Durability": "it is in memory", "ReadErrors": "it has no disk"}, NoCanaries: true,
	}
}

// storageOn opens the log of this module on a disk in memory, with flushes that come often.
func storageOn(h storage.Handover) func(int) (harness.Factory, error) {
	return func(int) (harness.Factory, error) {
		return harness.StorageFactory("memory", storage.Options{
			Handover: h, Disk: storage.MemoryDisk(), ArenaBytes: 16 << 10, ChunkBytes: 16 << 10, FlushBytes: 16 << 10, CacheBytes: -1,
			TailBytes: 1 << 20, // a full one is made quickly, also under -race
		}, "log"), nil
	}
}

// A sliceLog is an engine of its own, without a failpoint in it: a slice and a mutex. What it holds outlives Close.
type sliceLog struct {
	mu      sync.Mutex
	records []harness.Record
	tx      uint64
}

func (l *sliceLog) Append(_ context.Context, records []harness.Record) (harness.Offset, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tx++
	for i, r := range records {
		r.Offset = harness.Offset{Tx: l.tx, Op: uint64(i)}
		l.records = append(l.records, r.Clone())
	}
	return harness.Offset{Tx: l.tx, Op: uint64(len(records) - 1)}, nil
}

func (l *sliceLog) Flush(context.Context) error { return nil }

func (l *sliceLog) Close(context.Context) error { return nil }

func (l *sliceLog) Read(_ context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	l.mu.Lock()
	records := l.records[:len(l.records):len(l.records)]
	l.mu.Unlock()
	return func(yield func(harness.Record, error) bool) {
		for _, r := range records {
			if after.Before(r.Offset) && !upTo.Before(r.Offset) && !yield(r, nil) {
				return
			}
		}
	}
}

// always opens the same engine, and a new one for each round.
func always[E harness.Engine](make func() E, reopened func(E)) func(int) (harness.Factory, error) {
	return func(int) (harness.Factory, error) {
		engine, opened := make(), false
		return func(context.Context) (harness.Engine, error) {
			if opened && reopened != nil {
				reopened(engine)
			}
			opened = true
			return engine, nil
		}, nil
	}
}

var errPlanted = errors.New("planted failure")

// A failingLog fails every n-th append, having done it every other time; and every n-th read.
type failingLog struct {
	sliceLog
	every          uint64
	appends, reads atomic.Uint64
}

func (l *failingLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	switch n := l.appends.Add(1); {
	case n%(2*l.every) == 0:
		_, _ = l.sliceLog.Append(ctx, records)
		return harness.Offset{}, errPlanted
	case n%l.every == 0:
		return harness.Offset{}, errPlanted
	}
	return l.sliceLog.Append(ctx, records)
}

func (l *failingLog) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	if upTo != storage.End && l.reads.Add(1)%l.every == 0 { // the scans read to the end
		return func(yield func(harness.Record, error) bool) { yield(harness.Record{}, errPlanted) }
	}
	return l.sliceLog.Read(ctx, after, upTo)
}

// A hangingLog does not return from any append until it is let go. It calls hangs in each.
type hangingLog struct {
	sliceLog
	letGo chan struct{}
	hangs func()
}

func (l *hangingLog) Append(context.Context, []harness.Record) (harness.Offset, error) {
	l.hangs()
	<-l.letGo
	return harness.Offset{}, errPlanted
}

// A wrongLog acknowledges the offset of somebody else's append.
type wrongLog struct{ sliceLog }

func (l *wrongLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := l.sliceLog.Append(ctx, records)
	if at.Tx > 1 {
		l.mu.Lock()
		at = l.records[len(l.records)-len(records)-1].Offset
		l.mu.Unlock()
	}
	return at, err
}

// A brokenReader changes what reads yield.
type brokenReader struct {
	sliceLog
	change func(r *harness.Record)
}

func (l *brokenReader) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	return func(yield func(harness.Record, error) bool) {
		for r, err := range l.sliceLog.Read(ctx, after, upTo) {
			r = r.Clone()
			l.change(&r)
			if !yield(r, err) {
				return
			}
		}
	}
}

// A doublingLog stores its twentieth append twice, under two numbers: what no read can know, and the scan must.
type doublingLog struct {
	sliceLog
	appends atomic.Uint64
	closed  atomic.Int64
}

func (l *doublingLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	if l.appends.Add(1) == 20 {
		_, _ = l.sliceLog.Append(ctx, records)
	}
	return l.sliceLog.Append(ctx, records)
}

func (l *doublingLog) Close(context.Context) error {
	l.closed.Add(1)
	return nil
}
