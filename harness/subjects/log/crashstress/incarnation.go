package crashstress

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// An incarnation is the time from one recovery to the next loss of power.
type incarnation struct {
	life    *life
	disk    *crash.Disk
	store   *storage.Store
	log     *storage.Log
	board   *check.Board
	clients []*client
	base    []uint32 // by client, the last sequence number before this incarnation
	planned int      // operations of all clients
	faulty  bool
	death   bool
	seed    uint64

	// Power is lost at a number of failpoints passed, or of operations of the disk, counted since armed was set; 0 is never. The
	// engine's tasks use these numbers too, so they are hidden from the race detector.
	armed                raceoff.Number
	failpoint, operation raceoff.Number
	passed, operations   raceoff.Number
	claimed, gone        raceoff.Number
	loss                 loss
	lost                 chan struct{} // closed once loss is complete

	// parked holds back the engine's tasks while a single client runs, because they would make the run nondeterministic.
	parked chan struct{}

	flushed  raceoff.Number // the highest transaction that a flush has covered
	poisoned raceoff.Number
	closing  raceoff.Number // a client has begun to close the store

	mu        sync.Mutex
	violation *check.Violation
}

// A loss is the moment at which power was lost, or the process died.
type loss struct {
	where    string
	kind     lossKind
	death    bool
	durable  uint64
	unsynced int
	moment   *crash.Moment
}

// A lossKind is a kind of place at which power is lost.
type lossKind uint8

const (
	atRest lossKind = iota
	atFailpoint
	atOperation
)

func newIncarnation(l *life, disk *crash.Disk) *incarnation {
	return &incarnation{
		life: l, disk: disk, seed: l.random.Uint64(),
		base:   append([]uint32(nil), l.sequences...),
		lost:   make(chan struct{}),
		faulty: l.happens(l.config.Faults),
		death:  l.config.Goroutines == 1 && l.happens(l.config.Deaths),
	}
}

func (n *incarnation) isGone() bool { return n.gone.Load() != 0 }

// goOn prepares the board, and appends a transaction to the recovered log, which must take it.
func (n *incarnation) goOn(ctx context.Context) *check.Violation {
	l := n.life
	n.board = check.NewSmallBoard(l.config.Goroutines, len(l.owners)+l.config.Goroutines*(2*l.config.Operations+2))
	for client, sequence := range n.base {
		n.board.Invoke(uint32(client), sequence)
	}
	for i, o := range l.owners {
		n.board.Acknowledge(o.Client, o.Sequence, uint64(i+1))
	}
	for i := range l.config.Goroutines {
		n.clients = append(n.clients, newClient(n, uint32(i)))
		n.planned += n.clients[i].left
	}
	l.counts.tested[appendAfterRecovery]++
	c := n.clients[0]
	at, err := c.append(ctx, whole(n.log.Append))
	if want := uint64(len(l.owners) + 1); err != nil || at.Tx != want {
		_ = n.close(ctx) // the violation is the news
		return violation(check.AppendAfterRecovery, "after %d recovered transactions an append got %v (error %v)", len(l.owners), at, err)
	}
	if v := c.readBack(ctx, at); v != nil {
		_ = n.close(ctx) // the violation is the news
		return violation(check.AppendAfterRecovery, "%s", v.Detail)
	}
	return nil
}

// live loads the log until power is lost, and ends everything that the incarnation started.
func (n *incarnation) live(ctx context.Context) *check.Violation {
	n.arm()
	if len(n.clients) == 1 {
		n.clients[0].run(ctx)
	} else {
		var group sync.WaitGroup
		for _, c := range n.clients {
			group.Add(1)
			go func() {
				defer group.Done()
				c.run(ctx)
			}()
		}
		group.Wait()
	}
	n.lose("at rest, after all operations", atRest)
	<-n.lost // a task of a store that a client has begun to close may be losing the power right now
	// The disk is dead, so closing makes nothing durable; it ends the flusher. Its error does not matter.
	_ = n.close(failpoints.With(ctx, nil))
	n.disk.After(nil)
	n.disk.Inject(nil)
	return n.violation
}

// end closes a recovered log without any load.
func (n *incarnation) end(ctx context.Context) *check.Violation {
	if err := n.close(ctx); err != nil {
		return violation(check.Progress, "the recovered log does not close: %v", err)
	}
	if open := n.disk.OpenFiles(); open > 0 {
		return violation(check.Progress, "the closed log left %d files open", open)
	}
	return nil
}

// arm draws where power will be lost, and which faults come before that.
func (n *incarnation) arm() {
	l := n.life
	places, target := l.perClient*float64(n.planned), &n.failpoint
	if !failpoints.Instrumented() || l.happens(0.5) {
		places, target = max(4, places/12), &n.operation
	}
	target.Store(1 + uint64(l.random.Float64()*1.2*places))
	if n.faulty {
		faults := crash.Count(crash.Any(loadFault(l), loadFault(l)))
		n.disk.DrawFrom(crash.NewTape(l.random.Uint64()))
		n.disk.Inject(faults)
		n.clients[0].faults = faults
	}
	n.armed.Store(1)
}

// took is called after each operation of the disk.
//
//go:norace
func (n *incarnation) took(o crash.Operation) {
	if n.armed.Load() != 0 && n.operations.Add(1) == n.operation.Load() {
		n.lose(fmt.Sprintf("after operation %d of the disk: %v %s", n.operation.Load(), o.Kind, o.Name), atOperation)
	}
}

// loadFault draws a fault of the disk under load.
func loadFault(l *life) crash.Injector {
	nth := 1 + l.random.IntN(8)
	fault := crash.Fault{Err: pick[error](l.random, syscall.EIO, syscall.EIO, syscall.ENOSPC), Keep: crash.Drawn}
	kind := pick(l.random, crash.Write, crash.Write, crash.Sync, crash.Sync, crash.Read, crash.SyncDir, crash.Create, crash.Truncate, crash.Allocate)
	if kind == crash.Read && l.happens(0.5) {
		fault = crash.Fault{Flip: true, Bit: crash.Drawn}
	}
	rule := crash.On(kind, "*", fault)
	if l.happens(0.25) {
		return crash.From(nth, rule)
	}
	return crash.Nth(nth, rule)
}

// lose cuts the power, once. It first notes what must survive, then the moment of the disk; then the disk is dead. In this order
// there is no false alarm.
//
//go:norace
func (n *incarnation) lose(where string, kind lossKind) {
	if n.claimed.Add(1) != 1 {
		return
	}
	n.gone.Store(1)
	n.loss = loss{where: where, kind: kind, death: n.death, durable: max(n.life.durable, n.flushed.Load(), n.log.Durable().Tx)}
	n.loss.unsynced = n.disk.Unsynced()
	if !n.death {
		n.loss.moment = n.disk.At(n.life.config.Model)
	}
	n.disk.Kill()
	close(n.lost)
}

// violated keeps the first violation and ends the load.
func (n *incarnation) violated(v *check.Violation) {
	n.mu.Lock()
	if n.violation == nil {
		n.violation = v
	}
	n.mu.Unlock()
	n.lose("a client saw a violation", atRest)
}

// panicked makes a violation of a panic of the engine, in a client or in a task. Defer it.
func (n *incarnation) panicked() {
	if why := recover(); why != nil {
		n.violated(check.Panicked(why, debug.Stack()))
	}
}

// tolerated reports whether the contract allows an error of the log, and notes that the log is poisoned.
func (n *incarnation) tolerated(read bool, err error) bool {
	if n.faulty && errors.Is(err, storage.ErrPoisoned) {
		n.poisoned.Store(1)
	}
	return n.allows(read, err)
}

// allows reports whether the contract allows an error of a log, or of the store.
func (n *incarnation) allows(read bool, err error) bool {
	if !n.faulty {
		return false
	}
	var damage *storage.DamageError
	switch {
	case errors.Is(err, storage.ErrPoisoned):
		return !read // a poisoned log still serves what it has
	case errors.Is(err, storage.ErrNoSpace):
		return !read
	case read:
		return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOSPC) || errors.As(err, &damage) // an error, never wrong bytes
	}
	return false
}

// A controller counts the failpoints that a goroutine passes, may cut the power there, and delays the goroutine.
type controller struct {
	*failpoints.Delayer
	of *incarnation
}

func (n *incarnation) controller(stream uint64) *controller {
	return &controller{failpoints.NewDelayer(n.life.config.Delays, n.seed, stream), n}
}

// Yield counts the point, and may cut the power or delay the goroutine.
func (c *controller) Yield(ctx context.Context, p *failpoints.Point) {
	n := c.of
	if n.armed.Load() != 0 && !n.isGone() {
		if n.passed.Add(1) == n.failpoint.Load() {
			n.lose("at failpoint "+p.Name(), atFailpoint)
		}
	}
	c.Delayer.Yield(ctx, p)
}

// Spawn gives a task of the engine a controller of its own. With a single client, the task waits until the client is done: its
// flushes would otherwise come when the Go scheduler likes.
func (c *controller) Spawn(ctx context.Context, name string, f func(context.Context)) func() {
	child, parked := c.of.controller(math.MaxUint64-uint64(len(name))), c.of.parked
	return func() {
		if parked != nil {
			<-parked
		}
		defer c.of.panicked()
		f(failpoints.With(ctx, child))
	}
}

func (n *incarnation) park() {
	if n.life.config.Goroutines == 1 {
		n.parked = make(chan struct{})
	}
}

func (n *incarnation) release() {
	if n.parked != nil {
		close(n.parked)
	}
}

func (n *incarnation) close(ctx context.Context) error {
	n.release()
	return n.store.Close(ctx)
}
