package properties

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/prop"

	"github.com/racewindow/racewindow/failpoints"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/stress"
	"github.com/racewindow/racewindow/storage"
)

// holding are the hand-overs that must keep every promise.
func holding() (names []string) {
	for _, h := range storage.Handovers() {
		if h.Holds() {
			names = append(names, h.Name())
		}
	}
	return names
}

// Every promise of harness/subjects/log/check is checked for every read of every case. At the end the log is scanned, before
// and after a reopen.
func TestEveryPromiseHolds(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, handover := range holding() {
		t.Run(handover, func(t *testing.T) {
			t.Parallel()
			requireHolds(t, &Search{Shape: Shape{Handovers: []string{handover}}})
		})
	}
}

func TestManyClientsInOneCase(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	requireHolds(t, &Search{
		Cases: max(10, *casesFlag/10),
		Shape: Shape{Handovers: holding(), Threads: 40, Operations: 12, Delays: 1},
	})
}

// A load is thousands of goroutines on one engine. gopter draws which ones, and the options of the engine.
type load struct {
	Seed       uint64
	Handover   string
	Goroutines int
	Arena      int
	Flush      int64
	Chunk      int64
}

func loads() gopter.Gen {
	return func(g *gopter.GenParameters) *gopter.GenResult {
		r := g.Rng
		return gopter.NewGenResult(load{
			uint64(r.Int63()), one(r, holding()...), one(r, 2000, 2500, 3000),
			one(r, 64, 1024, 16<<10), one(r, int64(4<<10), 16<<10), one(r, int64(1000), 16<<10),
		}, gopter.NoShrinker)
	}
}

// loadFor is how long a run takes. A run that did too little, as on a busy machine, is repeated with more time.
const (
	loadFor     = 1500 * time.Millisecond
	loadForMost = 50 * time.Second
)

// command is the most similar stress run; in which order the goroutines run is up to the Go scheduler.
func (l load) command() string {
	return fmt.Sprintf("racewindow stress --handover %s --goroutines %d --duration %v --seed %d --arena-bytes %d --flush-bytes %d --chunk-bytes %d",
		l.Handover, l.Goroutines, loadFor, l.Seed, l.Arena, l.Flush, l.Chunk)
}

// run returns what was wrong.
func (l load) run() error {
	handover, err := storage.HandoverByName(l.Handover)
	if err != nil {
		return err
	}
	for duration := loadFor; ; duration *= 2 {
		if err := l.runFor(handover, duration); !errors.Is(err, stress.ErrTooLittle) || duration > loadForMost {
			return err
		}
	}
}

func (l load) runFor(handover storage.Handover, duration time.Duration) error {
	s, err := stress.Run(context.Background(), stress.Config{
		Name: l.Handover, Seed: l.Seed, Goroutines: l.Goroutines, Duration: duration, MinOverlaps: 1,
		Delays: failpoints.Delays{Probability: 0.02, MaxSleep: 200 * time.Microsecond},
		Open: func(int) (harness.Factory, error) {
			return harness.StorageFactory("memory", storage.Options{
				Handover: handover, Disk: storage.MemoryDisk(), ArenaBytes: l.Arena, FlushBytes: l.Flush, ChunkBytes: l.Chunk, CacheBytes: -1,
			}, "log"), nil
		},
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w\nreplay: %s", err, l.command())
	case s.Violation != nil:
		var text strings.Builder
		if err := stress.WriteReport(&text, s.Violation, l.command(), 100, stress.Palette{}); err != nil {
			return err
		}
		return errors.New(text.String())
	case s.Goroutines.Total < 2000 || !s.Passed:
		return fmt.Errorf("the run is no pass: %s", s.Failure)
	}
	return nil
}

func TestReadAfterWriteHoldsForThousandsOfGoroutines(t *testing.T) {
	requireInstrumented(t)
	p := gopter.DefaultTestParametersWithSeed(*seedFlag)
	p.MinSuccessfulTests, p.Workers = max(4, *casesFlag/40), 1
	told := time.Now()
	held := 0
	property := prop.ForAll(func(l load) (bool, error) {
		if time.Since(told) > progressEvery {
			told = time.Now()
			say(t, "%d of %d runs of thousands of goroutines held", held, p.MinSuccessfulTests)
		}
		err := l.run()
		held++
		return err == nil, err
	}, loads())
	requireProperty(t, check.ReadAfterWrite.Sentence, p, property, func(value any) string { return value.(load).command() })
}

// A model is a log with one client, for which every record of a read is known.
type model struct {
	counts []int // by transaction
	last   harness.Offset
}

func (m *model) records() (all []harness.Offset) {
	for tx, n := range m.counts {
		for op := range n {
			all = append(all, harness.Offset{Tx: uint64(tx + 1), Op: uint64(op)})
		}
	}
	return all
}

// bound returns the value of a bound in a program, for the single client, who knows everything.
func (m *model) bound(b cases.Bound, lower bool) harness.Offset {
	tx := b.Tx
	switch b.Base {
	case cases.Beginning:
		return harness.Offset{}
	case cases.TheEnd:
		return storage.End
	case cases.Last:
		return m.last
	case cases.Acked:
		shifted := int64(len(m.counts)) + b.Shift
		if shifted <= 0 {
			return harness.Offset{}
		}
		tx = uint64(shifted)
	}
	at := harness.Offset{Tx: tx, Op: b.Op}
	past := tx > uint64(len(m.counts))
	if b.Part == cases.PartAll || past && (lower || b.Part == cases.PartLast) {
		at.Op = storage.End.Op
	} else if b.Part == cases.PartLast {
		at.Op = uint64(m.counts[tx-1] - 1)
	}
	return at
}

var sequential = check.Promise{Name: "SequentialModel", Sentence: "one client alone reads what a list of its appends says"}

// judge executes the program on the model; where a read of the engine differs, that is a violation.
func (m *model) judge(c cases.Case, o *cases.Outcome) {
	for i, operation := range c.Threads[0].Operations {
		switch {
		case c.Appends(operation):
			m.counts = append(m.counts, operation.Records())
		case operation.Kind == cases.Read:
			after, upTo := m.bound(operation.After, true), m.bound(operation.UpTo, false)
			var want []harness.Offset
			for _, at := range m.records() {
				if after.Before(at) && !upTo.Before(at) {
					want = append(want, at)
				}
			}
			if got := o.Reads[[2]int{0, i}]; !slices.Equal(want, got) {
				o.Thread, o.Operation = c.Threads[0].Name, i+1
				o.Violation = &check.Violation{Promise: sequential, Detail: fmt.Sprintf("%v yielded %v; the model says %v", operation, got, want)}
				return
			}
			if len(want) > 0 {
				m.last = want[len(want)-1]
			}
		}
	}
}

func TestAProgramOfOneThreadReadsWhatTheModelSays(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	requireHolds(t, &Search{
		Cases: 2 * *casesFlag,
		Shape: Shape{Handovers: holding(), Threads: 1, Operations: 16, Delays: -1},
		Also:  func(c cases.Case, o *cases.Outcome) { (&model{}).judge(c, o) },
	})
}

// Contexts that end, logs that are closed beside what runs and opened again: no client is harmed by another's.
func TestCallsThatAreEndedHarmNobodyElse(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	requireHolds(t, &Search{Cases: 2 * *casesFlag, Shape: Shape{Handovers: holding(), Delays: -1, Rough: true}})
}

func TestACaseThatIsPrintedIsTheCase(t *testing.T) {
	t.Parallel()
	p := gopter.DefaultTestParametersWithSeed(*seedFlag)
	p.MinSuccessfulTests = 10 * *casesFlag
	names := []string{}
	for _, h := range storage.Handovers() {
		names = append(names, h.Name())
	}
	requireProperty(t, "Parse(c.String()) is c", p, prop.ForAll(func(c cases.Case) (bool, error) {
		again, err := cases.Parse(c.String())
		return err == nil && again.String() == c.String() && reflect.DeepEqual(c.Clone(), again), err
	}, Cases(Shape{Handovers: names, Rough: true})), func(value any) string { return value.(cases.Case).String() })
}
