package object

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/storage/disk"
)

// These tests look at the goroutines of this process, so no other test runs beside them.

// A knot keeps bytes in a file, and may not come to its end.
type knot struct {
	ways
	mu, other sync.Mutex
	*journal
	wake, stop chan struct{}
	ended      sync.WaitGroup
	added      int
	inside     atomic.Int32
}

// ways say how a knot hangs.
type ways struct {
	crosses bool            // Add and All take two locks in different orders
	holds   bool            // Close holds the lock for which the goroutine of the object may wait
	slow    bool            // Close takes a while
	reads   func() *os.File // Close waits for a byte of this file
}

func openKnot(d disk.Disk, w ways) (*knot, error) {
	j, err := openJournal(d, sound)
	k := &knot{ways: w, journal: j, wake: make(chan struct{}, 1), stop: make(chan struct{})}
	if err == nil && !w.crosses {
		k.ended.Go(k.counts)
	}
	return k, err
}

// counts is what the goroutine of the object does.
func (k *knot) counts() {
	for {
		select {
		case <-k.wake:
			runtime.Gosched()
			k.mu.Lock()
			k.added = 0
			k.mu.Unlock()
		case <-k.stop:
			return
		}
	}
}

func (k *knot) Add(ctx context.Context, value uint8) error {
	defer k.inside.Add(-1)
	if k.inside.Add(1) > 1 { // never where one client is alone
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
	runtime.Gosched()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.crosses {
		runtime.Gosched()
		k.other.Lock()
		defer k.other.Unlock()
	}
	k.added++
	return k.journal.Add(ctx, value)
}

func (k *knot) All(ctx context.Context) []byte {
	k.other.Lock()
	defer k.other.Unlock()
	if k.crosses {
		runtime.Gosched()
		k.mu.Lock()
		defer k.mu.Unlock()
	}
	return k.journal.All(ctx)
}

func (k *knot) Close() error {
	if k.holds {
		k.mu.Lock()
		defer k.mu.Unlock()
	}
	close(k.stop)
	k.ended.Wait()
	switch {
	case k.slow:
		for range 100 {
			time.Sleep(time.Millisecond)
		}
	case k.reads != nil:
		_, _ = k.reads().Read(make([]byte, 1))
	}
	return k.journal.Close()
}

func knots(t *testing.T, w ways) *Object {
	t.Helper()
	o, err := New(Config{
		Name: "TestKnot", Type: reflect.TypeFor[*knot](),
		Open:       func(_ context.Context, e *Env) (any, error) { return openKnot(e.Disk(), w) },
		Operations: []Method{{Name: "add", Do: (*knot).Add, Durable: OnReturn}, {Name: "all", Do: (*knot).All}},
	})
	require.NoError(t, err)
	return o
}

// patient is a run that no passing of time could end with a finding.
func patient(c *Load) {
	c.Grace, c.NoCanary, c.looksEvery = never, true, time.Millisecond
	c.Operations = 1 << 60
}

func TestTwoLocksInDifferentOrdersAreADeadlockUnderLoad(t *testing.T) {
	r, err := knots(t, ways{crosses: true}).Load(t.Context(), loadOf(patient))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "Progress", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "but never returned")
	require.ErrorContains(t, r.Finding.Violation, "no goroutine can go on: ")
	require.ErrorContains(t, r.Finding.Violation, "(*knot).Add (hang_test.go:")
	require.Regexp(t, `c\d in add\(\d+\): goroutine \d+ \[sync.Mutex.Lock`, r.Finding.Stacks)
	require.Regexp(t, `c\d in all\(\): goroutine \d+ \[sync.Mutex.Lock`, r.Finding.Stacks)
}

func TestACloseThatWaitsForAGoroutineThatWaitsForItIsADeadlockUnderLoad(t *testing.T) {
	r, err := knots(t, ways{holds: true}).Load(t.Context(), loadOf(patient))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "Progress", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "Close does not return, and no client is in an operation; no goroutine can go on: ")
	require.Regexp(t, `(?s)Close: goroutine \d+ \[sync.WaitGroup.Wait.*a goroutine of the object: goroutine \d+ \[sync.Mutex.Lock.*\(\*knot\).counts`, r.Finding.Stacks)
}

func TestACloseThatTakesLongIsNoDeadlock(t *testing.T) {
	few := func(c *Load) { patient(c); c.Operations, c.Goroutines = 60, 8 }
	r, err := knots(t, ways{slow: true}).Load(t.Context(), loadOf(few))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)
}

func TestACloseThatWaitsForTheSystemIsNoVerdict(t *testing.T) {
	pipe := func() *os.File { // on which nobody writes until the end
		read, write, err := os.Pipe()
		if err == nil {
			t.Cleanup(func() { _ = errors.Join(write.Close(), read.Close()) })
		}
		return read
	}
	var r LoadResult
	var err error
	var hang *HangError
	grace := time.Millisecond
	for ; hang == nil || hang.What != "Close"; grace *= 2 { // a client may not get the processor for as long as the grace, and then has no verdict either
		r, err = knots(t, ways{reads: pipe}).Load(t.Context(), loadOf(func(c *Load) { patient(c); c.Grace = grace }))
		hang = nil
		require.ErrorAs(t, err, &hang)
	}
	require.Nil(t, r.Finding)
	require.ErrorContains(t, err, fmt.Sprintf("Close has not returned for %v (--grace), but a goroutine of the object runs, sleeps or waits for the system, so it may only be slow", grace/2))
	require.Contains(t, hang.Stacks, "(*knot).Close")
	require.NotEmpty(t, hang.Case.Threads)
}

// An operation that returned just before the goroutines were looked at was said never to return: those that were left waited for the next one.
func TestWhatHasReturnedBeforeTheGoroutinesWereLookedAtDoesNotHang(t *testing.T) {
	o := knots(t, ways{})
	p, err := o.plan(parseOf(t, o, "c0: add(1)"))
	require.NoError(t, err)
	l := newLoad(o, loadOf(patient), []*plan{p})
	_, number := marked(t.Context())
	end := make(chan struct{})
	defer close(end)
	go func() { <-end }() // one of the object, which has the label
	unmark()
	for !l.hangs.waits(number) {
		runtime.Gosched()
	}
	in := &instance{run: p.newRun(nil, reflect.Value{}).observed(), lane: l.lanes[0], number: number}
	in.goroutines = make([]raceoff.Number, 1)
	in.invoked(0, int(in.moment.Add(1)))
	since := in.moment.Load()
	now := in.still(since)
	in.returned(0, int(in.moment.Add(1)), answer{})
	require.False(t, in.hangs(now, since, closeHangs(), 2*never))
	require.Nil(t, l.result.Finding)
	require.True(t, in.hangs(now, in.moment.Load(), closeHangs(), 2*never), "it is as if it had not")
	require.NotNil(t, l.result.Finding)
}

func TestDeadlocksAreFoundWherePowerIsLost(t *testing.T) {
	for class, w := range map[string]ways{"but never returned": {crosses: true}, "Close does not return": {holds: true}} {
		r, err := knots(t, w).Crash(t.Context(), crashLoadOf(func(c *CrashLoad) {
			patient(&c.Load)
			c.Operations, c.Cycles = 0, 1<<60
		}))
		require.NoError(t, err)
		require.NotNil(t, r.Finding)
		require.Equal(t, "Progress", r.Finding.Violation.Class(), r.Finding.Evidence)
		require.ErrorContains(t, r.Finding.Violation, class)
		require.ErrorContains(t, r.Finding.Violation, "no goroutine can go on: ")
		require.Contains(t, r.Finding.Stacks, "[sync.Mutex.Lock")
		require.Nil(t, r.Finding.Disk, "no loss of power has to do with it")
		require.Contains(t, r.Finding.Evidence, "called  returned")
	}
}
