package stress

import (
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// A stress run must not order the goroutines under test, because the race detector would then miss the races that the harness must
// find. These tests run engines with a planted race, in a process of their own, because the detector reports through the exit code.

// plantedVariable tells a child process which engine to run.
const plantedVariable = "RACEWINDOW_PLANTED_RACE"

// plantedRaces are the engines, by name.
var plantedRaces = map[string]func(int) (harness.Factory, error){
	"storage":           storageOn(storage.Snapshot),
	"unordered":         always(func() *unorderedLog { return newUnorderedLog(false) }, nil),
	"counter":           always(func() *countingLog { return &countingLog{} }, nil),
	"milliseconds":      always(func() *unorderedLog { return newUnorderedLog(true) }, nil),
	"storage, counter":  wrapped(storageOn(storage.Snapshot)),
	"retained, counter": wrapped(storageOn(storage.Retain)),
}

func runPlanted(name string) int {
	config := smallRun(plantedRaces[name])
	if name == "unordered" || name == "milliseconds" {
		config.Window, config.MinOverlaps = [2]string{unorderedWritten.Name(), unorderedTrimmed.Name()}, 1
	}
	config.Goroutines, config.Flushers, config.Pause, config.Each = 300, 3, 30*time.Millisecond, 40
	s, err := Run(context.Background(), config)
	if err != nil || s.Violation != nil {
		fmt.Println("the run itself failed:", err)
		if s != nil && s.Violation != nil {
			fmt.Println(s.Violation.Promise, s.Violation.Detail)
		}
		return 1
	}
	fmt.Println("operations:", s.Operations)
	return 0 // the race detector makes that 66
}

func TestTheHarnessHidesNoRace(t *testing.T) {
	requireRace(t)
	for name, where := range map[string][]string{
		// Added to by every append and looked at by every read.
		"counter":           {"countingLog).Append", "countingLog).Read"},
		"storage, counter":  {"countingEngine).Append", "countingEngine).Read"},
		"retained, counter": {"countingEngine).Append", "countingEngine).Read"},
		// Written once, and looked at by others milliseconds later, when they have passed failpoints, acknowledged
		// appends, checked reads and rested; the engine between them orders nobody either.
		"milliseconds": {"unorderedLog).Append", "unorderedLog).Read"},
	} {
		t.Run(name, func(t *testing.T) {
			output, code := child(t, name)
			require.Equal(t, 66, code, "%s", output)
			require.Contains(t, output, "WARNING: DATA RACE")
			for _, function := range where {
				require.Contains(t, output, function)
			}
			require.Contains(t, output, "race_test.go:")
			require.Contains(t, output, "operations:", "the run went on and found nothing else")
		})
	}
}

// The second engine adds no happens-before edge at all, so every access that the harness shared would be reported.
func TestACleanEngineYieldsNoReport(t *testing.T) {
	requireRace(t)
	for _, name := range []string{"storage", "unordered"} {
		output, code := child(t, name)
		require.Zero(t, code, "%s: %s", name, output)
		require.NotContains(t, output, "DATA RACE")
	}
}

func requireRace(t *testing.T) {
	t.Helper()
	requireInstrumented(t)
	if !RaceDetector {
		t.Skip("needs the race detector: go run ./harness/cmd/racewindow test -race ./harness/subjects/log/stress")
	}
}

func child(t *testing.T, name string) (output string, code int) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), plantedVariable+"="+name, "GORACE=atexit_sleep_ms=0")
	text, _ := c.CombinedOutput() // the exit code is what counts
	return string(text), c.ProcessState.ExitCode()
}

// A countingLog counts its appends in a plain field, before it locks.
type countingLog struct {
	sliceLog
	appended int
}

func (l *countingLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	l.appended++
	return l.sliceLog.Append(ctx, records)
}

func (l *countingLog) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	if l.appended < 0 {
		return nil
	}
	return l.sliceLog.Read(ctx, after, upTo)
}

// A countingEngine does the same around the engine of this module, and so around all its enabled failpoints.
type countingEngine struct {
	harness.Engine
	appended int
}

func (e *countingEngine) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	e.appended++
	return e.Engine.Append(ctx, records)
}

func (e *countingEngine) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	if e.appended < 0 {
		return nil
	}
	return e.Engine.Read(ctx, after, upTo)
}

func wrapped(open func(int) (harness.Factory, error)) func(int) (harness.Factory, error) {
	return func(round int) (harness.Factory, error) {
		factory, err := open(round)
		return func(ctx context.Context) (harness.Engine, error) {
			engine, err := factory(ctx)
			return &countingEngine{Engine: engine}, err
		}, err
	}
}

// An unorderedLog excludes its callers from each other without ordering them for the race detector, as the disk in memory does. The
// detector sees accesses to only one of its plain fields, planted.
type unorderedLog struct {
	mu      raceoff.Mutex
	records []harness.Record // of fixed length
	used    int
	tx      uint64
	plant   bool
	planted int
	at      raceoff.Number // when planted was written, 0 for not yet
}

// The points that tell the harness of a flush of that log, so that all of its recorder is at work.
var (
	unorderedWritten = failpoints.Lookup("example.org/unordered", "unordered/written")
	unorderedTrimmed = failpoints.Lookup("example.org/unordered", "unordered/trimmed")
)

func newUnorderedLog(plant bool) *unorderedLog {
	return &unorderedLog{records: make([]harness.Record, 1<<16), plant: plant}
}

func (l *unorderedLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at := l.insert(records)
	if l.plant && at.Tx == 1 {
		l.planted++
		l.at.Store(uint64(time.Now().UnixNano()))
	}
	failpoints.Yield(ctx, unorderedWritten)
	return at, nil
}

func (l *unorderedLog) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	failpoints.Yield(ctx, unorderedTrimmed)
	if at := l.at.Load(); at != 0 && time.Since(time.Unix(0, int64(at))) > 5*time.Millisecond && l.planted < 0 {
		return nil
	}
	return func(yield func(harness.Record, error) bool) {
		for i, n := l.from(after), l.length(); i < n; i++ {
			if r := l.record(i); upTo.Before(r.Offset) || !yield(r, nil) {
				return
			}
		}
	}
}

func (l *unorderedLog) Flush(ctx context.Context) error {
	failpoints.Yield(ctx, unorderedWritten)
	failpoints.Yield(ctx, unorderedTrimmed)
	return nil
}

func (l *unorderedLog) Close(context.Context) error { return nil }

//go:norace
func (l *unorderedLog) insert(records []harness.Record) harness.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tx++
	for i := range records {
		r := &l.records[l.used]
		*r = harness.Record{Offset: harness.Offset{Tx: l.tx, Op: uint64(i)}, Operation: records[i].Operation}
		r.Key, r.Value = unseenCopy(records[i].Key), unseenCopy(records[i].Value)
		l.used++
	}
	return harness.Offset{Tx: l.tx, Op: uint64(len(records) - 1)}
}

//go:norace
func (l *unorderedLog) record(i int) harness.Record {
	r := &l.records[i]
	return harness.Record{Offset: r.Offset, Operation: r.Operation, Key: unseenCopy(r.Key), Value: unseenCopy(r.Value)}
}

//go:norace
func (l *unorderedLog) from(after harness.Offset) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	low, high := 0, l.used
	for low < high {
		if middle := (low + high) / 2; after.Before(l.records[middle].Offset) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

//go:norace
func (l *unorderedLog) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used
}

//go:norace
func unseenCopy(p []byte) []byte {
	fresh := make([]byte, len(p))
	raceoff.Copy(fresh, p)
	return fresh
}
