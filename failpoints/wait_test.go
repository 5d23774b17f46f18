package failpoints

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A poller is a Waiter that tries until it succeeds, on a clock that jumps to a wait's deadline after a few attempts.
type poller struct {
	clockwork
	waits []Wait
}

func (w *poller) Wait(_ context.Context, wait Wait) (expired bool) {
	w.waits = append(w.waits, wait)
	for attempt := 0; ; attempt++ {
		if wait.Try != nil && wait.Try() || wait.Kind == WaitLock && wait.Ready() {
			return false
		}
		select {
		case <-wait.Done:
			if wait.Try == nil || wait.Try() {
				return false
			}
		default:
		}
		if !wait.Deadline.IsZero() && attempt > 10 {
			w.now = wait.Deadline
			return true
		}
		runtime.Gosched()
	}
}

// everyWay runs a test in a normal build, in an instrumented one without a controller, with one that only yields, and
// with one that decides about waits.
func everyWay(t *testing.T, test func(t *testing.T, ctx func() context.Context)) {
	t.Helper()
	for _, way := range []struct {
		name    string
		set     func(*testing.T)
		context func() context.Context
	}{
		{"plain", plain, context.Background},
		{"instrumented", instrument, context.Background},
		{"yielding", instrument, func() context.Context { return With(context.Background(), &recorder{}) }},
		{"waiting", instrument, func() context.Context { return With(context.Background(), &poller{}) }},
	} {
		t.Run(way.name, func(t *testing.T) {
			way.set(t)
			test(t, way.context)
		})
	}
}

func TestLockExcludes(t *testing.T) {
	p := testPoint(t, "lock")
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		var mu sync.Mutex
		var all sync.WaitGroup
		held, total := 0, 0
		for range 8 {
			all.Go(func() {
				ctx := newContext()
				for range 100 {
					Lock(ctx, p, &mu)
					held++
					if held == 1 {
						total++
					}
					held--
					mu.Unlock()
				}
			})
		}
		all.Wait()
		require.Equal(t, 800, total)
	})
}

func TestReceiveTakesValuesAndTheEnd(t *testing.T) {
	p := testPoint(t, "receive")
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		ch := make(chan int, 1)
		ch <- 7
		value, ok, err := Receive(newContext(), p, ch)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, 7, value)
		close(ch)
		value, ok, err = Receive(newContext(), p, ch)
		require.NoError(t, err)
		require.False(t, ok, "a closed channel")
		require.Zero(t, value)
	})
}

func TestReceiveEndsWithItsContext(t *testing.T) {
	p := testPoint(t, "receive")
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		ctx, cancel := context.WithCancel(newContext())
		go cancel()
		_, ok, err := Receive(ctx, p, make(chan int))
		require.ErrorIs(t, err, context.Canceled)
		require.False(t, ok)
	})
}

func TestReceiveUntilEndsWithItsDeadline(t *testing.T) {
	p := testPoint(t, "until")
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		ctx := newContext()
		_, ok, expired, err := ReceiveUntil(ctx, p, make(chan int), Now(ctx).Add(time.Millisecond))
		require.NoError(t, err)
		require.True(t, expired)
		require.False(t, ok)
		ch := make(chan int, 1)
		ch <- 7
		value, ok, expired, err := ReceiveUntil(ctx, p, ch, Now(ctx).Add(time.Hour))
		require.NoError(t, err)
		require.False(t, expired)
		require.True(t, ok)
		require.Equal(t, 7, value)
	})
}

func TestSleepLastsUntilTheClockSaysSo(t *testing.T) {
	p := testPoint(t, "sleep")
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		ctx := newContext()
		before := Now(ctx)
		require.NoError(t, Sleep(ctx, p, time.Millisecond))
		require.False(t, Now(ctx).Before(before.Add(time.Millisecond)))
	})
}

func TestSleepEndsWithItsContext(t *testing.T) {
	p := testPoint(t, "sleep")
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		ctx, cancel := context.WithCancel(newContext())
		cancel()
		require.ErrorIs(t, Sleep(ctx, p, time.Hour), context.Canceled)
	})
}

func TestAWaiterHearsWhatIsWaitedFor(t *testing.T) {
	instrument(t)
	w := &poller{clockwork: clockwork{now: time.Unix(1000, 0)}}
	ctx := With(context.Background(), w)
	p := testPoint(t, "p")
	var mu sync.Mutex
	ch := make(chan int, 1)
	ch <- 1
	Lock(ctx, p, &mu)
	_, _, err := Receive(ctx, p, ch)
	require.NoError(t, err)
	require.NoError(t, Sleep(ctx, p, time.Second))

	require.Len(t, w.waits, 3)
	lock, receive, sleep := w.waits[0], w.waits[1], w.waits[2]
	require.Equal(t, WaitLock, lock.Kind)
	require.Same(t, &mu, lock.On)
	require.Equal(t, WaitReceive, receive.Kind)
	require.Equal(t, (<-chan int)(ch), receive.On)
	require.True(t, receive.Deadline.IsZero())
	require.Equal(t, WaitSleep, sleep.Kind)
	require.Nil(t, sleep.On)
	require.Nil(t, sleep.Try, "a sleep is a wait for the clock alone")
	require.Equal(t, time.Unix(1001, 0), sleep.Deadline)
	for _, wait := range w.waits {
		require.Same(t, p, wait.Point)
	}
	require.Empty(t, w.yields, "a wait is not a yield as well")
}

func TestAControllerWithoutAWaiterSeesWaitsAsYields(t *testing.T) {
	instrument(t)
	r := &recorder{}
	ctx := With(context.Background(), r)
	var mu sync.Mutex
	ch := make(chan int, 1)
	ch <- 1
	Lock(ctx, testPoint(t, "lock"), &mu)
	_, _, _ = Receive(ctx, testPoint(t, "receive"), ch)
	_ = Sleep(ctx, testPoint(t, "sleep"), 0)
	require.Equal(t, []string{"lock", "receive", "sleep"}, r.yields)
}
