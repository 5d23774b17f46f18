package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// Tests that need failpoints to fire: run them with go run ./harness/cmd/racewindow test ./storage

// A gate holds its goroutine at the first pass of a point until the test opens it.
type gate struct {
	point   string
	passed  bool
	arrived chan struct{}
	open    chan struct{}
}

func (g *gate) Yield(_ context.Context, p *failpoints.Point) {
	if p.Name() == g.point && !g.passed {
		g.passed = true
		close(g.arrived)
		<-g.open
	}
}

func (g *gate) Fault(context.Context, *failpoints.Point) (any, bool) { return nil, false }

// readAround has a reader read everything, held at a point while meanwhile runs, and returns the offsets that it saw.
func readAround(t *testing.T, r *rig, point string, meanwhile func()) string {
	t.Helper()
	g := &gate{point: point, arrived: make(chan struct{}), open: make(chan struct{})}
	ctx := failpoints.With(background, g)
	seen := make(chan string, 1)
	go func() {
		var words []string
		for record, err := range r.Read(ctx, Offset{}, End) {
			if err != nil {
				words = append(words, err.Error())
				break
			}
			words = append(words, record.Offset.String())
		}
		seen <- strings.Join(words, " ")
	}()
	select {
	case <-g.arrived:
	case saw := <-seen:
		t.Fatalf("the reader never came to %s; it saw %q", point, saw)
	}
	meanwhile()
	close(g.open)
	return <-seen
}

func TestAFlushInTheWindowBetweenMetadataAndTail(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	const whole = "1.0 1.1 1.2"
	for _, c := range []struct {
		handover    Handover
		point, want string
	}{
		{Stale, "read/before-metadata", whole},
		{Stale, "read/metadata-loaded", ""},
		{Stale, "read/before-tail", ""},
		{Stale, "read/between-tail-records", "1.0"},
		{Recheck, "read/metadata-loaded", whole},
		{Recheck, "read/before-recheck", whole},
		{Recheck, "read/rechecked", ""},
		{Recheck, "read/before-tail", ""},
		{Recheck, "read/between-tail-records", "1.0"},
		{RecheckLiteral, "read/before-recheck", whole},
		{Fallback, "read/metadata-loaded", whole},
		{Fallback, "read/before-tail", whole},
		{Fallback, "read/between-tail-records", whole},
		{Retain, "read/before-metadata", whole},
		{Retain, "read/metadata-loaded", whole},
		{Retain, "read/before-tail", whole},
		{Retain, "read/between-tail-records", whole},
		{Snapshot, "read/before-metadata", whole},
		{Snapshot, "read/committed-loaded", whole},
		{Snapshot, "read/metadata-loaded", whole},
		{Snapshot, "read/before-tail", whole},
		{Snapshot, "read/between-tail-records", whole},
	} {
		t.Run(c.handover.Name()+" "+c.point, func(t *testing.T) {
			t.Parallel()
			o := small()
			o.Handover = c.handover
			r := newRig(t, o)
			r.append(3)
			saw := readAround(t, r, c.point, func() {
				r.flush()
				require.Equal(t, Offset{1, 2}, r.Durable())
			})
			require.Equal(t, c.want, saw)
			require.Equal(t, whole, r.all(), "the records are on disk, and the next read sees them")
		})
	}
}

func TestAReadThatBeganBeforeAnAppendDoesNotSeeIt(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, h := range []Handover{Snapshot, Retain} {
		o := small()
		o.Handover = h
		r := newRig(t, o)
		r.append(1)
		saw := readAround(t, r, "read/metadata-loaded", func() { r.append(1); r.flush(); r.append(1) })
		require.Equal(t, "1.0", saw, h.Name())
	}
}

// A failing is a Controller at whose fault points what it names fires once.
type failing struct {
	point string
	value any
	fired int
}

func (*failing) Yield(context.Context, *failpoints.Point) {}

func (f *failing) Fault(_ context.Context, p *failpoints.Point) (any, bool) {
	if p.Name() == f.point && f.fired == 0 {
		f.fired++
		return f.value, true
	}
	return nil, false
}

// faultContracts says for each fault point what a call under it must answer.
var faultContracts = map[string]func(t *testing.T, ctx context.Context, r *rig){
	"flush/write-error":       poisons(syscall.EIO),
	"flush/short-write":       poisons(io.ErrShortWrite),
	"flush/sync-error":        poisons(syscall.EIO),
	"index/write-error":       poisons(syscall.EIO),
	"segment/dirsync-error":   poisons(syscall.EIO),
	"flush/no-space":          goesOn,
	"read/io-error":           refusesARead,
	"read/bit-flip":           noticesABitFlip,
	"recovery/truncate-error": staysClosed,
}

func poisons(cause error) func(*testing.T, context.Context, *rig) {
	return func(t *testing.T, ctx context.Context, r *rig) {
		durable := r.Durable()
		err := r.Flush(ctx)
		require.ErrorIs(t, err, ErrPoisoned)
		require.ErrorIs(t, err, cause)
		_, err = r.Append(background, Record{})
		require.ErrorIs(t, err, ErrPoisoned)
		require.Equal(t, durable, r.Durable())
	}
}

func goesOn(t *testing.T, ctx context.Context, r *rig) {
	require.ErrorIs(t, r.Flush(ctx), ErrNoSpace)
	r.append(1)
	r.flush()
}

func refusesARead(t *testing.T, ctx context.Context, r *rig) {
	r.flush()
	var failed error
	for _, err := range r.Read(ctx, Offset{}, End) {
		failed = err
	}
	require.ErrorIs(t, failed, syscall.EIO)
	require.ErrorContains(t, failed, "read log log")
	r.append(1)
}

func noticesABitFlip(t *testing.T, ctx context.Context, r *rig) {
	r.flush()
	want, err := readAll(r.Log, Offset{}, End)
	require.NoError(t, err)
	noticed := 0
	for at := range 4000 {
		f := &failing{point: "read/bit-flip", value: at}
		i := 0
		for record, err := range r.Read(failpoints.With(ctx, f), Offset{}, End) {
			if err != nil {
				require.ErrorIs(t, err, ErrDamaged)
				noticed++
				break
			}
			require.Equal(t, want[i], record.Clone(), "never wrong bytes")
			i++
		}
		require.Equal(t, 1, f.fired)
	}
	require.Greater(t, noticed, 1000)
	for range r.Read(ctx, Offset{}, End) { // so that the outer controller has fired too
		break
	}
}

func staysClosed(t *testing.T, ctx context.Context, r *rig) {
	r.flush()
	want := r.all()
	require.NoError(t, r.Close(background))
	_, err := r.store.Log(ctx, theHandle)
	require.ErrorIs(t, err, syscall.EIO)
	require.ErrorContains(t, err, "stays closed")
	r.Log, err = r.store.Log(background, theHandle)
	require.NoError(t, err)
	require.Equal(t, want, r.all())
}

func TestEveryFaultPointFiresAndKeepsItsContract(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, e := range Points() {
		if e.Kind != failpoints.KindFault {
			continue
		}
		for _, h := range []Handover{Snapshot, Retain} {
			t.Run(e.Name+" "+h.Name(), func(t *testing.T) {
				t.Parallel()
				contract := faultContracts[e.Name]
				require.NotNil(t, contract, "points.go declares a fault point without a contract here")
				o := small()
				o.Handover = h
				r := newRig(t, o)
				for range 12 {
					r.append(2)
				}
				r.flush() // more than a file: the next flush begins another
				for range 4 {
					r.append(2)
				}
				want := r.all()
				f := &failing{point: e.Name}
				contract(t, failpoints.With(background, f), r)
				require.Equal(t, 1, f.fired)
				require.True(t, strings.HasPrefix(r.all(), want), "reads go on")
				r.crash()
				require.True(t, strings.HasPrefix(want+" 17.0", r.all()), "a prefix comes back")
			})
		}
	}
}

// A census counts who passes which point.
type census struct {
	mu   sync.Mutex
	seen map[string]int
}

func (c *census) Yield(_ context.Context, p *failpoints.Point) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[p.Name()]++
}

func (c *census) Fault(ctx context.Context, p *failpoints.Point) (any, bool) {
	c.Yield(ctx, p)
	return nil, false
}

func (c *census) count(point string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[point]
}

// await returns when a point has been passed.
func (c *census) await(point string, passes int) {
	for c.count(point) < passes {
		runtime.Gosched()
	}
}

// everything passes every point that a hand-over's log has. The flusher sleeps until the end, so that it empties no tail before a reader
// comes to it, and makes no room before an append asks for it.
func everything(t *testing.T, ctx context.Context, h Handover, c *census) {
	store, err := Open(ctx, "memory", Options{
		Handover: h, Disk: MemoryDisk(), ArenaBytes: 128, ChunkBytes: 160, SegmentBytes: 512, FlushBytes: 1 << 29, TailBytes: 2000, FlushInterval: -1,
	})
	require.NoError(t, err)
	l, err := store.Log(ctx, theHandle)
	require.NoError(t, err)
	flusherSleeps := func(sleeps bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.urgent = sleeps // one that is said to be on its way is not called again
	}
	flusherSleeps(true)
	read := func(after Offset) {
		for _, err := range l.Read(ctx, after, End) {
			require.NoError(t, err)
		}
	}
	for i := range 60 {
		_, err := l.Append(ctx, transaction(1, 2)...)
		require.NoError(t, err)
		if i%4 == 3 {
			require.NoError(t, l.Flush(ctx))
		}
		read(l.Durable())
		read(Offset{})
		read(before(l.Visible(ctx)))
	}
	require.NoError(t, l.Flush(ctx))
	_, err = l.Append(ctx, Record{Value: make([]byte, 3000)}) // over TailBytes
	require.NoError(t, err)
	_, err = l.Append(ctx, Record{})
	require.NoError(t, err)

	tx, err := l.Begin(ctx)
	require.NoError(t, err)
	require.NoError(t, tx.Add(ctx, Record{}))
	appended := make(chan error)
	turns := c.count("append/turn")
	go func() { _, err := l.Append(ctx, Record{}); appended <- err }()
	c.await("append/turn", turns+1)
	require.NoError(t, tx.Abort(ctx))
	require.NoError(t, <-appended)

	require.NoError(t, l.lead(ctx)) // a round of our own, so that a flush waits for it although there may be nothing left to flush
	followers := c.count("flush/wait")
	go func() { appended <- errors.Join(l.flushTo(ctx, l.committed.Load()), l.lead(ctx), l.step(ctx, nil)) }()
	c.await("flush/wait", followers+1)
	require.NoError(t, l.step(ctx, nil))
	require.NoError(t, <-appended)

	flusherSleeps(false)
	flushed := c.count("flusher/flushed")
	for range 2 { // the second closes a chunk
		_, err := l.Append(ctx, transaction(1, 4)...)
		require.NoError(t, err)
	}
	c.await("flusher/flushed", flushed+1)
	require.NoError(t, l.Close(ctx))
	_, err = store.Log(ctx, theHandle)
	require.NoError(t, err)
	require.NoError(t, store.Close(ctx))
}

func TestEveryDeclaredPointIsPassed(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c := &census{seen: map[string]int{}}
	ctx := failpoints.With(background, c)
	for _, h := range Handovers() {
		everything(t, ctx, h, c)
	}
	missed := []string{}
	for _, e := range Points() {
		if c.count(e.Name) == 0 {
			missed = append(missed, e.Name)
		}
	}
	require.Empty(t, missed, "points that nothing passes")
	for name := range c.seen {
		known := false
		for _, e := range Points() {
			known = known || e.Name == name
		}
		require.True(t, known, "%s is not declared", name)
	}
}

func TestEveryDeclaredPointIsSpliced(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, e := range Points() {
		if e.Kind != failpoints.KindWait {
			require.Contains(t, failpoints.Spliced(), Package+"/"+e.Name)
		}
	}
}

func TestDelaysAtEveryPointChangeNothing(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, h := range []Handover{Snapshot, Retain} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprint(h.Name(), seed), func(t *testing.T) {
				t.Parallel()
				delayedRun(t, h, seed)
			})
		}
	}
}

// delayedRun has readers follow a writer, everybody delayed at random.
func delayedRun(t *testing.T, h Handover, seed uint64) {
	const transactions = 150
	delays := failpoints.Delays{Probability: 0.2, MaxSpin: 500, Sleep: 1, Gosched: 4, Spin: 4, MaxSleep: 20_000}
	under := func(stream uint64) context.Context {
		return failpoints.With(background, failpoints.NewDelayer(delays, seed, stream))
	}
	o := small()
	o.Disk, o.Handover, o.FlushBytes = MemoryDisk(), h, 300
	store, err := Open(under(0), "memory", o)
	require.NoError(t, err)
	l, err := store.Log(background, theHandle)
	require.NoError(t, err)
	var readers sync.WaitGroup
	for i := range 3 {
		readers.Go(func() {
			ctx := under(uint64(10 + i))
			for at := (Offset{}); at.Tx < transactions; {
				for record, err := range l.Read(ctx, at, End) {
					if err != nil || record.Offset.Op == 0 && record.Offset.Tx != at.Tx+1 {
						t.Errorf("%v follows %v: %v", record.Offset, at, err)
						return
					}
					at = record.Offset
				}
			}
		})
	}
	ctx := under(1)
	for i := range uint64(transactions) {
		_, err := l.Append(ctx, transaction(i+1, 2)...)
		require.NoError(t, err)
	}
	readers.Wait()
	require.NoError(t, store.Close(background))
}
