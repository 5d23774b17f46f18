package properties

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/storage"
)

// The analysis from which this project started makes four statements and names four tests. Its own tests forged metadata;
// these hold a reader open in the window while a real flush runs to its end.

var background = context.Background()

// A window is a reader that stands at a failpoint of its read.
type window struct {
	point   string
	passed  bool
	arrived chan struct{}
	open    chan struct{}
	seen    chan string
}

func (w *window) Yield(_ context.Context, p *failpoints.Point) {
	if p.Name() == w.point && !w.passed {
		w.passed = true
		close(w.arrived)
		<-w.open
	}
}

func (*window) Fault(context.Context, *failpoints.Point) (any, bool) { return nil, false }

// An openLog is a log of one hand-over on a disk in memory that flushes only on request.
type openLog struct {
	t *testing.T
	*storage.Log
}

func open(t *testing.T, handover storage.Handover) openLog {
	t.Helper()
	store, err := storage.Open(background, "memory", storage.Options{Handover: handover, Disk: storage.MemoryDisk(), FlushInterval: -1, CacheBytes: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close(background)) })
	log, err := store.Log(background, "log")
	require.NoError(t, err)
	return openLog{t, log}
}

func (l openLog) append(records int) {
	l.t.Helper()
	_, err := l.Append(background, make([]storage.Record, records)...)
	require.NoError(l.t, err)
}

func (l openLog) flush() {
	l.t.Helper()
	require.NoError(l.t, l.Flush(background))
}

// read returns the offsets of everything behind after.
func (l openLog) read(ctx context.Context, after storage.Offset) string {
	var words []string
	for r, err := range l.Read(ctx, after, storage.End) {
		if err != nil {
			return err.Error()
		}
		words = append(words, r.Offset.String())
	}
	return strings.Join(words, " ")
}

// readerAt starts a reader and returns when it stands at the point: T1 of the analysis.
func (l openLog) readerAt(point string, after storage.Offset) *window {
	l.t.Helper()
	w := &window{point: point, arrived: make(chan struct{}), open: make(chan struct{}), seen: make(chan string, 1)}
	go func() { w.seen <- l.read(failpoints.With(background, w), after) }()
	select {
	case <-w.arrived:
	case saw := <-w.seen:
		l.t.Fatalf("the reader never came to %s; it saw %q", point, saw)
	}
	return w
}

// goOn opens the window, T3, and returns what the reader came back with.
func (w *window) goOn() string {
	close(w.open)
	return <-w.seen
}

const inTheWindow = "read/metadata-loaded"

// Where the tail alone holds everything, every hand-over must serve it. Option A as it is written does not: it looks again,
// finds the persisted offset "not less" than the reader's, because both are zero, and goes to a file that holds nothing.
func TestStatement1TheInitialStateIsSafe(t *testing.T) {
	t.Parallel()
	const whole, nothing = "1.0 1.1 1.2", ""
	want := map[string]string{
		"stale":          whole,
		"recheckliteral": nothing,
		"recheck":        whole,
		"fallback":       whole,
		"retain":         whole,
		"snapshot":       whole,
	}
	for _, h := range storage.Handovers() {
		l := open(t, h)
		l.append(3)
		require.Equal(t, storage.Offset{}, l.Durable(), "everything is in the tail")
		require.Contains(t, want, h.Name())
		require.Equal(t, want[h.Name()], l.read(background, storage.Offset{}), h.Name())
		l.flush()
		require.Equal(t, whole, l.read(background, storage.Offset{}), "%s, once it is on disk", h.Name())
	}
}

func TestStatement2AfterTheFlushTheTailIsEmptyAndTheSnapshotPointsThere(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	l := open(t, storage.Stale)
	l.append(3)
	reader := l.readerAt(inTheWindow, storage.Offset{})
	require.Equal(t, storage.Offset{}, l.Durable(), "T1: by its snapshot nothing is on disk, so the reader will look in the tail")
	l.flush()
	require.Equal(t, storage.Offset{Tx: 1, Op: 2}, l.Durable(), "T2: it is on disk, and the tail was cleared")
	require.Equal(t, "", reader.goOn(), "T3: the tail, where the snapshot points, is empty")
}

func TestStatement3AReaderWithStaleMetadataGetsNothingOrAPart(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for point, want := range map[string]string{inTheWindow: "", "read/before-tail": "", "read/between-tail-records": "1.0"} {
		l := open(t, storage.Stale)
		l.append(3)
		reader := l.readerAt(point, storage.Offset{})
		l.flush()
		require.Equal(t, want, reader.goOn(), point)
		require.Equal(t, storage.Offset{Tx: 1, Op: 2}, l.Durable())
	}
}

// windows is where a reader may stand while a whole flush runs.
var windows = []string{inTheWindow, "read/before-recheck", "read/rechecked", "read/before-tail", "read/between-tail-records"}

// requireSeen compares what a reader comes back with that stood in each of the windows, by hand-over, with a table; "-" is a
// place that it does not pass.
func requireSeen(t *testing.T, want map[string][]string, prepare func(l openLog), after storage.Offset, whole string) {
	t.Helper()
	for _, h := range storage.Handovers() {
		require.Len(t, want[h.Name()], len(windows), "%s has its row", h.Name())
		for i, point := range windows {
			if want[h.Name()][i] == "-" {
				continue
			}
			l := open(t, h)
			prepare(l)
			reader := l.readerAt(point, after)
			l.flush()
			require.Equal(t, want[h.Name()][i], reader.goOn(), "%s at %s", h.Name(), point)
			require.Equal(t, whole, l.read(background, after), "%s: the miss is temporary", h.Name())
		}
	}
}

// The fourth statement is that looking at the metadata again falls back to the disk. It does, if the flush comes before the
// second look; after it the window is as open as before.
func TestStatement4WithTheFixTheReaderFallsBackToDisk(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	const whole, part, nothing = "1.0 1.1 1.2", "1.0", ""
	requireSeen(t, map[string][]string{
		"stale":          {nothing, "-", "-", nothing, part},
		"recheckliteral": {whole, whole, whole, "-", "-"}, // by luck: it goes to the file whatever it sees, see statement 1
		"recheck":        {whole, whole, nothing, nothing, part},
		"fallback":       {whole, "-", "-", whole, whole}, // for a bound at a record; below is one that is not
		"retain":         {whole, "-", "-", whole, whole},
		"snapshot":       {whole, "-", "-", whole, whole},
	}, func(l openLog) { l.append(3) }, storage.Offset{}, whole)
}

// After a flushed record Option A as it is written does look in the tail, and can be too late there like the other.
func TestStatement4AfterAFlushedRecord(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	const whole, part, nothing = "2.0 2.1 2.2", "2.0", ""
	requireSeen(t, map[string][]string{
		"stale":          {nothing, "-", "-", nothing, part},
		"recheckliteral": {whole, whole, nothing, nothing, part},
		"recheck":        {whole, whole, nothing, nothing, part},
		"fallback":       {whole, "-", "-", whole, whole},
		"retain":         {whole, "-", "-", whole, whole},
		"snapshot":       {whole, "-", "-", whole, whole},
	}, func(l openLog) {
		l.append(1)
		l.flush()
		l.append(3)
	}, storage.Offset{Tx: 1, Op: 4}, whole) // behind 1.0, where a record could be and none is
}

func TestReaderCanMissDataWhenTheTailIsClearedBetweenMetadataAndRead(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	l := open(t, storage.Stale)
	l.append(1)
	l.flush()
	l.append(2) // what follows the reader's place is in the tail alone: the branch that the analysis quotes
	reader := l.readerAt(inTheWindow, storage.Offset{Tx: 1})
	l.flush()
	require.Equal(t, "", reader.goOn())
}

func TestDataIsOnDiskAfterTheFlushAndTheReaderMissesIt(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	l := open(t, storage.Stale)
	l.append(2)
	reader := l.readerAt(inTheWindow, storage.Offset{})
	l.flush()
	require.Equal(t, "1.0 1.1", l.read(background, storage.Offset{}), "another reader finds it on disk while the first still stands")
	require.Equal(t, "", reader.goOn())
	require.Equal(t, "1.0 1.1", l.read(background, storage.Offset{}), "the miss is temporary: the next read sees it")
}

func TestTheProposedFixRechecksMetadataBeforeReadingTheTail(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	l := open(t, storage.RecheckLiteral)
	l.append(1)
	require.Equal(t, "", l.read(background, storage.Offset{}), "as it is written it misses an append with no concurrency at all")
	l.flush()
	require.Equal(t, "1.0", l.read(background, storage.Offset{}))
	m := open(t, storage.Recheck)
	m.append(1)
	reader := m.readerAt(inTheWindow, storage.Offset{})
	m.flush()
	require.Equal(t, "1.0", reader.goOn(), "as it is meant it closes this window")
	m.append(1)
	reader = m.readerAt("read/rechecked", storage.Offset{Tx: 1})
	m.flush()
	require.Equal(t, "", reader.goOn(), "and leaves a narrower one")
	f := open(t, storage.Fallback)
	f.append(1)
	f.append(1)
	seen, err := offsets(f.Read(background, storage.Offset{}, storage.Offset{Tx: 1, Op: 7}))
	require.NoError(t, err)
	require.Empty(t, seen, "what was shipped instead misses 1.0 below a bound between two offsets, with no concurrency at all")
}

// The timeline of the analysis, from a real run.
func TestTimelineOfTheExactRaceWindow(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c, err := cases.Parse("v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; " +
		"~ r0@op#0=until:w0@op#1, w0@op#1=until:r0@read/metadata-loaded#1, r0@read/metadata-loaded#1=until:w0@op#2")
	require.NoError(t, err)
	o, err := cases.Runner{Events: true, Patience: 10 * time.Minute}.Run(background, c)
	require.NoError(t, err)
	require.NotNil(t, o.Violation)
	timeline := o.Timeline(40, false)
	say(t, "T1 is read/metadata-loaded, T2 flush/written to flush/trimmed, T3 read/before-tail:\n%s", timeline)
	golden := filepath.Join("testdata", "timeline.txt")
	if *rewriteFlag {
		require.NoError(t, os.WriteFile(golden, []byte(timeline), 0o666))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), timeline)
}
