package object

import (
	"cmp"
	"context"
	"runtime/pprof"
	"time"

	"github.com/racewindow/racewindow/harness/deadlock"
)

// What happens to an object between the end of its last operation and the loss of power. What it does in goroutines of its own goes on
// then, or ends because it is closed.

// Of the losses at rest, one in closedShare comes while the object is closed or after that, at one of the first changes of the disk, and
// one in pausedShare after a pause.
const (
	closedShare      = 2
	changesOfClosing = 8
	pausedShare      = 4
)

// rest closes the object, lets it go on for a while, or does nothing.
func (in *incarnation) rest() {
	switch drawn := in.lane.random.IntN(pausedShare); {
	case drawn >= pausedShare/closedShare && in.plan.object.closer != nil:
		in.closeWithPower()
	case drawn == 0:
		in.pause()
	}
}

// A pause ends when nothing has changed the disk for a drawn time: shortestPause, doubled up to pauseDoublings times. Power is lost then, or
// at a drawn change before: one of changesOfPause, or of as many as came in an earlier pause of the same program, but at most
// mostChangesOfPause.
const (
	shortestPause      = time.Millisecond
	pauseDoublings     = 6
	changesOfPause     = 8
	mostChangesOfPause = 2000
)

// pause lets the goroutines of the object go on, and loses power meanwhile or when they come to rest.
func (in *incarnation) pause() {
	n, begun := in.lane, in.ticks.Load()
	in.paused = true
	most := min(max(changesOfPause, 5*n.of.pauses[in.plan.number].Load()/4), mostChangesOfPause)
	in.at.Store(begun + 1 + n.random.Uint64N(most))
	quiet := shortestPause << n.random.IntN(pauseDoublings+1)
	for last, now := uint64(0), begun; now != last && in.gone.Load() == 0 && n.load.interrupted.Load() == 0; now = in.ticks.Load() {
		last = now
		n.timer.Reset(quiet)
		<-n.timer.C
	}
	n.of.pauses[in.plan.number].Raise(in.ticks.Load() - begun)
	in.lose("after a pause, when all had returned", false)
}

// close begins to close the object, and calls a function with the result.
func (in *incarnation) close(ctx context.Context, then func(error)) {
	in.closed = make(chan struct{})
	go func() {
		pprof.SetGoroutineLabels(ctx)
		in.closing.Store(goroutineNumber())
		defer close(in.closed)
		defer func() { _ = recover() }() // an object may panic if its disk is dead
		then(in.plan.object.closer(ctx, in.object))
	}()
}

// closeWithPower closes the object, and loses power meanwhile or after that. What is durable after Close must survive if it has returned
// without an error.
func (in *incarnation) closeWithPower() {
	in.at.Store(in.ticks.Load() + 1 + uint64(in.lane.random.IntN(changesOfClosing)))
	in.close(in.lane.delayed(in.ctx), func(err error) {
		if err == nil && in.gone.Load() == 0 {
			in.afterClose()
		}
		in.lose("when Close had returned", false)
	})
	in.awaitClose(false)
}

// awaitClose waits until Close has returned. It returns false if Close takes long. Where each goroutine of an object whose files work waits,
// it waits on, until it is known whether they wait for one another. remain says that operations have not returned, for which Close may wait.
func (in *incarnation) awaitClose(remain bool) bool {
	l := in.lane.load
	began := time.Now()
	for look := lastLook; ; look = cmp.Or(l.looksEvery, deadlock.Every) {
		in.lane.timer.Reset(look)
		select {
		case <-in.closed:
			return true
		case <-in.lane.timer.C:
		}
		if remain || in.hang != nil || !in.works() || !l.hangs.waits(in.number) || in.closeHangs(time.Since(began)) {
			return false
		}
	}
}

// afterClose notes what is durable because the object was closed.
func (in *incarnation) afterClose() {
	for i, c := range in.plan.calls {
		if c.method.Durable == AfterClose && in.status[i].Load() == returned {
			in.durable[i].Store(1)
		}
	}
}
