package failpoints

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// line starts n waiters of c, one after the other, and returns the channel on which each sends its number after it has
// woken. cancels[i] makes the i-th give up.
func line(t *testing.T, c *Cond, n int, newContext func() context.Context) (woken chan int, failed chan error, cancels []context.CancelFunc) {
	t.Helper()
	woken, failed = make(chan int, n), make(chan error, n)
	p := testPoint(t, "cond")
	for i := range n {
		ctx, cancel := context.WithCancel(newContext())
		t.Cleanup(cancel)
		cancels = append(cancels, cancel)
		go func() {
			c.L.Lock()
			err := c.Wait(ctx, p)
			c.L.Unlock()
			if err != nil {
				failed <- err
				return
			}
			woken <- i
		}()
		for waiting(c) != i+1 {
			runtime.Gosched()
		}
	}
	return woken, failed, cancels
}

func waiting(c *Cond) int {
	c.L.Lock()
	defer c.L.Unlock()
	return len(c.waiters)
}

func signal(c *Cond) {
	c.L.Lock()
	defer c.L.Unlock()
	c.Signal()
}

func TestWaitersWakeInTheOrderInWhichTheyCame(t *testing.T) {
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		c := &Cond{L: &sync.Mutex{}}
		woken, _, _ := line(t, c, 5, newContext)
		for i := range 5 {
			signal(c)
			require.Equal(t, i, <-woken)
		}
	})
}

func TestBroadcastWakesEverybody(t *testing.T) {
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		c := &Cond{L: &sync.Mutex{}}
		woken, _, _ := line(t, c, 5, newContext)
		c.L.Lock()
		c.Broadcast()
		c.L.Unlock()
		var who []int
		for range 5 {
			who = append(who, <-woken)
		}
		require.ElementsMatch(t, []int{0, 1, 2, 3, 4}, who)
		require.Zero(t, waiting(c))
	})
}

func TestASignalThatNobodyWaitsForIsLost(t *testing.T) {
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		c := &Cond{L: &sync.Mutex{}}
		signal(c)
		woken, failed, cancels := line(t, c, 1, newContext)
		cancels[0]()
		require.ErrorIs(t, <-failed, context.Canceled, "the early signal did not wake the late waiter")
		require.Empty(t, woken)
		require.Zero(t, waiting(c))
	})
}

func TestAWaiterThatGivesUpLeavesTheLine(t *testing.T) {
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		c := &Cond{L: &sync.Mutex{}}
		woken, failed, cancels := line(t, c, 3, newContext)
		cancels[1]()
		require.ErrorIs(t, <-failed, context.Canceled)
		require.Equal(t, 2, waiting(c))
		signal(c)
		require.Equal(t, 0, <-woken)
		signal(c)
		require.Equal(t, 2, <-woken)
	})
}

func TestAWaiterThatWasSignalledAndGivesUpPassesTheSignalOn(t *testing.T) {
	t.Parallel()
	c := &Cond{L: &sync.Mutex{}}
	first, second := make(chan struct{}), make(chan struct{})
	c.waiters = []chan struct{}{first, second}
	c.L.Lock()
	defer c.L.Unlock()
	c.Signal()
	<-first
	c.forget(first) // its context ended too, and that is what it saw
	<-second
	require.Empty(t, c.waiters)
	c.forget(second) // nobody is left to pass it to
}

func TestNoSignalIsLostBetweenSignalAndCancel(t *testing.T) {
	everyWay(t, func(t *testing.T, newContext func() context.Context) {
		for range 50 {
			c := &Cond{L: &sync.Mutex{}}
			woken, failed, cancels := line(t, c, 2, newContext)
			go cancels[0]()
			signal(c)
			// Either the first woke, or it gave up and the second woke: one of them did.
			who := <-woken
			if who == 0 {
				signal(c)
				require.Equal(t, 1, <-woken)
				continue
			}
			require.ErrorIs(t, <-failed, context.Canceled)
		}
	})
}
