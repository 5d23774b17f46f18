package log

import (
	"context"
	"sync"

	"github.com/racewindow/racewindow/failpoints"
)

// A gate keeps operations away from an engine that is being opened again. Only programs with a reopen use it, because its lock
// orders their threads.
type gate struct {
	mu      sync.Mutex
	inside  int
	closed  bool
	changed failpoints.Cond // its lock is mu
}

var (
	gateLock = failpoints.WaitPoint(casesPackage, "case/gate")
	gateTurn = failpoints.WaitPoint(casesPackage, "case/turn")
)

// The points conflict with everything, because each operation changes the gate when it ends.
var declared = failpoints.Declare(casesPackage, []failpoints.Declaration{
	{Name: "case/gate", Kind: failpoints.KindWait, Access: failpoints.Writes, Reason: "an operation begins; the engine may be about to be opened again"},
	{Name: "case/turn", Kind: failpoints.KindWait, Access: failpoints.Writes, Reason: "an operation waits while the engine is opened again: a missed wake-up hangs it"},
	{Name: "case/idle", Kind: failpoints.KindWait, Access: failpoints.Writes, Reason: "the program is over: time passes for the store's task"},
})

// Points are the points of this package, in addition to the engine's.
func Points() []failpoints.Declaration { return declared }

const casesPackage = "github.com/racewindow/racewindow/harness/subjects/log"

func (g *gate) enter(ctx context.Context, alone bool) {
	failpoints.Lock(ctx, gateLock, &g.mu)
	for g.closed || alone && g.inside > 0 {
		_ = g.changed.Wait(ctx, gateTurn) // a thread's context does not end
	}
	g.inside++
	g.closed = alone
	g.mu.Unlock() // not deferred: when an execution is given up, the thread ends within Wait, without the lock
}

// leave cannot find the lock taken: no thread stops while holding it.
func (g *gate) leave(alone bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if alone {
		g.closed = false
	}
	g.changed.Broadcast()
}
