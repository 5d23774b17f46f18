// Package points has one of each point, and what it covers.
package points

import (
	"context"
	"os"
	"sync"
	"sync/atomic"

	"github.com/pingcap/failpoint"
	"github.com/racewindow/racewindow/failpoints"
)

var point = failpoints.WaitPoint("points", "wait")

type state struct {
	mu   sync.Mutex
	n    atomic.Int64
	ch   chan int
	file *os.File
	cond failpoints.Cond
}

type server struct{ ctx context.Context }

type ownContext struct{ context.Context }

func injectCall(ctx context.Context, s *state) {
	failpoint.InjectCall("a", ctx)
	s.n.Load()
}

func arguments(ctx context.Context, s *state) {
	failpoint.InjectCall("a", ctx, 1, s)
	s.n.Load()
}

func selector(v server, o *ownContext, s *state) {
	failpoint.InjectCall("a", v.ctx)
	s.n.Load()
	failpoint.InjectCall("a", o)
	s.n.Load()
}

func withoutContext(s *state) {
	failpoint.InjectCall("a")
	s.n.Load() // want `s.n.Load`
	failpoint.InjectCall("a", 1, context.Background())
	s.n.Load() // want `s.n.Load`
}

func otherFunction(s *state) {
	failpoint.Enable("a", "return")
	s.n.Load() // want `s.n.Load`
}

func injectContext(ctx context.Context, s *state) {
	failpoint.InjectContext(ctx, "a", func(failpoint.Value) {})
	s.n.Load()
	failpoint.Inject("a", nil)
	s.n.Load()
}

func bodyRunsAtThePoint(ctx context.Context, s *state) {
	failpoint.InjectContext(ctx, "a", func(failpoint.Value) { s.n.Store(1) })
	s.n.Load() // want `s.n.Load`
}

func twoOperations(ctx context.Context, s *state) {
	failpoint.InjectCall("a", ctx)
	s.n.Load()
	s.n.Store(1) // want `s.n.Store`
}

func lock(ctx context.Context, s *state) {
	failpoints.Lock(ctx, point, &s.mu)
	s.n.Load() // the lock's point stands for it
	s.n.Load() // want `s.n.Load`
	s.mu.Unlock()
}

func rawLock(ctx context.Context, s, other *state) {
	failpoint.InjectCall("a", ctx)
	s.mu.Lock()
	other.mu.Lock()
	s.n.Load()
	s.mu.Unlock()
}

func unlockEndsAStep(ctx context.Context, s *state) {
	failpoints.Lock(ctx, point, &s.mu)
	s.mu.Unlock()
	s.n.Load() // want `s.n.Load`
}

func deferredUnlock(ctx context.Context, s *state) {
	locked := func() {
		failpoints.Lock(ctx, point, &s.mu)
		defer s.mu.Unlock()
	}
	_ = locked
	holdsAndLeaves(ctx, s)
	s.n.Load() // want `s.n.Load`
}

func holdsAndLeaves(ctx context.Context, s *state) {
	failpoints.Lock(ctx, point, &s.mu)
	defer s.mu.Unlock()
}

func tryLockHandsNothingOn(ctx context.Context, s *state) {
	failpoint.InjectCall("a", ctx)
	s.mu.TryLock()
	s.n.Load() // want `s.n.Load`
}

func receive(ctx context.Context, s *state) {
	failpoints.Receive(ctx, point, s.ch)
	s.n.Load() // want `s.n.Load`
}

func sleepAndWait(ctx context.Context, s *state) {
	_ = failpoints.Sleep(ctx, point, 1)
	s.n.Load()
	_ = s.cond.Wait(ctx, point)
	s.n.Load()
	s.cond.Signal()
}
