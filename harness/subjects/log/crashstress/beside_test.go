package crashstress

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// opened returns a life with several clients, and its first incarnation, in which power is not going to be lost.
func opened(t *testing.T) (*life, *incarnation) {
	t.Helper()
	l := newLife(Config{Goroutines: 8, Seed: 3, Interrupted: -1}.withDefaults(), 0, func(*crash.Image) {})
	l.options.TailBytes = smallTail
	n, v := l.reopen(t.Context())
	require.Nil(t, v)
	for _, c := range n.clients {
		c.besides.closeAt, c.besides.waitAt = 0, 0
	}
	return l, n
}

// work runs all clients, and ends the incarnation with a loss of power.
func work(t *testing.T, l *life, n *incarnation) {
	t.Helper()
	var group sync.WaitGroup
	for _, c := range n.clients {
		group.Add(1)
		go func() {
			defer group.Done()
			c.run(context.Background())
		}()
	}
	group.Wait()
	require.Nil(t, n.violation)
	n.lose("at rest, after all operations", atRest)
	_ = n.close(context.Background()) // the disk is dead
	n.disk.After(nil)
	l.take(n)
}

func TestWhatWasAppendedBesideACloseSurvivesIt(t *testing.T) {
	t.Parallel()
	l, n := opened(t)
	n.clients[0].besides.closeAt = n.clients[0].left
	for _, c := range n.clients[1:] {
		c.left = 1 << 20 // until the store is closed
	}
	work(t, l, n)
	require.EqualValues(t, 1, l.counts.Closes)
	require.Positive(t, len(l.owners))
	// A durable append whose flush the close refused returned an error, and is there all the same.
	require.GreaterOrEqual(t, l.durable, uint64(len(l.owners)), "after the close all of it was durable")
	acknowledged := len(l.owners)
	n, v := l.reopen(t.Context())
	require.Nil(t, v)
	require.Nil(t, n.end(t.Context()))
	require.GreaterOrEqual(t, len(l.owners), acknowledged)
}

func TestAnAppendThatAClosedStoreRefusedMustNotComeBack(t *testing.T) {
	t.Parallel()
	l, n := opened(t)
	work(t, l, n)
	kept, _ := l.owners.Of(1) // the first transaction, which is there
	l.refused[kept.Client] = kept.Sequence
	v := l.checkOrder(check.Whole(1), check.Identity{Client: kept.Client, Sequence: kept.Sequence}, map[uint32]uint32{})
	require.NotNil(t, v)
	require.Equal(t, check.Refusals, v.Promise)
}

func TestAppendsThatWaitAreCalledOffBesideOthers(t *testing.T) {
	t.Parallel()
	requireInstrumented(t)
	l, n := opened(t)
	n.clients[1].besides.waitAt = n.clients[1].left
	work(t, l, n)
	require.EqualValues(t, 1, l.counts.Waits)
}

func TestOneClientDoesNothingBesides(t *testing.T) {
	t.Parallel()
	l := newLife(Config{Goroutines: 1, Seed: 3}.withDefaults(), 0, func(*crash.Image) {})
	n, v := l.reopen(t.Context())
	require.Nil(t, v)
	did, v := n.clients[0].beside(t.Context())
	require.False(t, did)
	require.Nil(t, v)
	require.Nil(t, n.end(t.Context()))
}

// A disk that fails may refuse another log, as it may refuse a recovery, and that says nothing about the first log.
func TestABadDiskMayRefuseAnotherLog(t *testing.T) {
	t.Parallel()
	for _, faulty := range []bool{false, true} {
		_, n := opened(t)
		faults := crash.Count(crash.On(crash.Create, "other/*", crash.Fault{Err: syscall.EIO}))
		n.disk.Inject(faults)
		n.faulty = faulty
		if faulty {
			n.clients[0].faults = faults
		}
		c := n.clients[2]
		l, v := c.openAnother(failpoints.With(t.Context(), n.controller(4)), otherLog)
		require.Nil(t, l)
		require.Equal(t, faulty, v == nil, "%v", v)
		require.Zero(t, n.poisoned.Load())
		n.disk.Inject(nil)
		require.Nil(t, n.end(t.Context()))
	}
}

// The log stays open then, and the others waited for a transaction that nobody was going to end.
func TestACloseThatFailsLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) { // in half of the cases a transaction is open
		l, n := opened(t)
		n.faulty = true
		n.clients[0].besides.closeAt = n.clients[0].left
		n.clients[0].besides.random = rand.New(rand.NewPCG(seed, 1))
		faults := crash.Count(crash.On(crash.Write, "*", crash.Fault{Err: syscall.ENOSPC}))
		n.clients[0].faults = faults
		n.disk.Inject(faults)
		work(t, l, n)
		require.Positive(t, faults.Faults())
		require.Zero(t, l.counts.Closes)
	}
}

// A task of a store that a client has begun to close may be losing the power when all clients have ended, and nobody else waits for it.
func TestALossThatATaskHasBegunIsWaitedFor(t *testing.T) {
	t.Parallel()
	l, n := opened(t)
	require.EqualValues(t, 1, n.claimed.Add(1), "the loss is the task's")
	n.gone.Store(1)
	go loseLate(n)
	require.Nil(t, n.live(t.Context()))
	require.NotNil(t, n.loss.moment)
	l.take(n)
}

// loseLate loses the power, later than clients that have ended need to come to the end.
//
//go:norace
func loseLate(n *incarnation) {
	for range 200_000 {
		runtime.Gosched()
	}
	n.loss.moment = n.disk.At(n.life.config.Model)
	n.disk.Kill()
	close(n.lost)
}
