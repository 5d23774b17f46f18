package failpoints

import (
	"context"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// A WaitKind says what a goroutine waits for.
type WaitKind uint8

const (
	// WaitLock waits for a lock.
	WaitLock WaitKind = iota
	// WaitReceive waits for a value from a channel, or for the channel to close.
	WaitReceive
	// WaitSleep waits for the clock alone.
	WaitSleep
)

// A Wait describes what a controlled goroutine waits for: the real lock or channel, by type and value, never a predicate. (A
// predicate turns a missed wake-up, which is a real hang, into a pass.)
type Wait struct {
	Point *Point
	Kind  WaitKind
	// On is the lock or the channel itself; nil for WaitSleep.
	On any
	// Deadline ends the wait, on the controller's clock; zero means none.
	Deadline time.Time
	// Done is closed when the caller gives up; nil means never.
	Done <-chan struct{}
	// Try attempts to receive, without blocking, and says whether it succeeded; nil except for WaitReceive. (For a lock, the
	// caller locks after Wait has returned.)
	Try func() bool
}

// Ready says whether w could succeed now, and takes nothing: the lock is free, the channel holds a value or is closed, or
// the caller has given up. Any goroutine may call it; the race detector sees none of its reads.
//
//go:norace
func (w *Wait) Ready() bool {
	switch w.Kind {
	case WaitLock:
		return isFree(w.On.(*sync.Mutex))
	case WaitReceive:
		return receivable(w.On) || w.Done != nil && receivable(w.Done)
	}
	return w.Done != nil && receivable(w.Done)
}

// Lock locks mu. Under a Waiter, the controller decides when the goroutine goes on to lock. Under any other controller, the
// point is a yield point before the lock.
func Lock(ctx context.Context, p *Point, mu *sync.Mutex) {
	if instrumented {
		if c := from(ctx); c != nil {
			if c.waiter != nil {
				c.waiter.Wait(ctx, Wait{Point: p, Kind: WaitLock, On: mu})
			} else {
				c.Yield(ctx, p)
			}
		}
	}
	mu.Lock()
}

// isFree says whether mu is unlocked. It hides its attempt from the race detector, because a visible one would order the
// goroutines and hide their data races.
func isFree(mu *sync.Mutex) bool {
	raceoff.Disable()
	free := mu.TryLock()
	if free {
		mu.Unlock()
	}
	raceoff.Enable()
	return free
}

// Receive receives from ch. It returns the error of ctx if ctx ends first; ok is false if ch is closed.
func Receive[T any](ctx context.Context, p *Point, ch <-chan T) (value T, ok bool, err error) {
	value, ok, _, err = ReceiveUntil(ctx, p, ch, time.Time{})
	return value, ok, err
}

// ReceiveUntil is Receive with a deadline on the clock of ctx; the zero deadline means none. expired says that the deadline
// came first.
func ReceiveUntil[T any](ctx context.Context, p *Point, ch <-chan T, deadline time.Time) (value T, ok, expired bool, err error) {
	if instrumented {
		if c := from(ctx); c != nil {
			if c.waiter != nil {
				return receiveControlled(ctx, c.waiter, p, ch, deadline)
			}
			c.Yield(ctx, p)
		}
	}
	if _, timed := ctx.Deadline(); !timed && deadline.IsZero() {
		return receiveWithoutTimer(ctx, ch)
	}
	var timeout <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(deadline.Sub(Now(ctx)))
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case value, ok = <-ch:
		return value, ok, false, nil
	case <-timeout:
		return value, false, true, nil
	case <-ctx.Done():
		return value, false, false, ctx.Err()
	}
}

// receiveWithoutTimer receives from ch or waits for the end of ctx, which has no deadline. In a stack, its name says that no timer
// ends the wait (package deadlock).
func receiveWithoutTimer[T any](ctx context.Context, ch <-chan T) (value T, ok, expired bool, err error) {
	select {
	case value, ok = <-ch:
		return value, ok, false, nil
	case <-ctx.Done():
		return value, false, false, ctx.Err()
	}
}

func receiveControlled[T any](ctx context.Context, w Waiter, p *Point, ch <-chan T, deadline time.Time) (value T, ok, expired bool, err error) {
	a := &attempt[T]{ctx: ctx, ch: ch}
	expired = w.Wait(ctx, Wait{Point: p, Kind: WaitReceive, On: ch, Deadline: deadline, Done: ctx.Done(), Try: a.try})
	return a.value, a.ok, expired, a.err
}

// An attempt to receive holds its result. It is one allocation, where a function with the results outside of it has one for each.
type attempt[T any] struct {
	ctx   context.Context
	ch    <-chan T
	value T
	ok    bool
	err   error
}

func (a *attempt[T]) try() bool {
	select {
	case a.value, a.ok = <-a.ch:
		return true
	default:
	}
	a.err = a.ctx.Err()
	return a.err != nil
}

// Sleep pauses for d on the clock of ctx, or until ctx ends; it then returns the error of ctx.
func Sleep(ctx context.Context, p *Point, d time.Duration) error {
	deadline := Now(ctx).Add(d)
	if instrumented {
		if c := from(ctx); c != nil && c.waiter != nil {
			if c.waiter.Wait(ctx, Wait{Point: p, Kind: WaitSleep, Deadline: deadline, Done: ctx.Done()}) {
				return nil
			}
			return ctx.Err()
		}
	}
	_, _, _, err := ReceiveUntil[struct{}](ctx, p, nil, deadline)
	return err
}

// A Cond is a condition variable whose waits can be controlled. Its methods behave like those of sync.Cond, with one
// difference: waiters wake in the order in which they began to wait. Set L before use.
//
// As with sync.Cond, a signal is lost if nobody waits. That is intended: under a controller a missed wake-up is a deadlock
// that is found, not a predicate that happens to be true.
type Cond struct {
	L       *sync.Mutex
	waiters []chan struct{}
}

// Wait unlocks L, waits for a Signal or Broadcast, and locks L again. The caller holds L.
func (c *Cond) Wait(ctx context.Context, p *Point) error {
	woken := make(chan struct{})
	c.waiters = append(c.waiters, woken)
	c.L.Unlock()
	locked := false
	defer func() {
		if !locked { // a scheduler is unwinding this goroutine, whose deferred calls will unlock L
			c.L.TryLock()
		}
	}()
	_, _, err := Receive(ctx, p, woken)
	Lock(ctx, p, c.L)
	locked = true
	if err != nil {
		c.forget(woken)
	}
	return err
}

// forget removes a waiter that gave up. If that waiter has been signalled meanwhile, forget passes the signal on, so that
// none is lost.
func (c *Cond) forget(woken chan struct{}) {
	for i, w := range c.waiters {
		if w == woken {
			c.waiters = append(c.waiters[:i], c.waiters[i+1:]...)
			return
		}
	}
	c.Signal()
}

// Signal wakes the waiter that has waited longest. The caller holds L.
func (c *Cond) Signal() {
	if len(c.waiters) > 0 {
		close(c.waiters[0])
		c.waiters = c.waiters[1:]
	}
}

// Broadcast wakes all waiters. The caller holds L.
func (c *Cond) Broadcast() {
	for _, w := range c.waiters {
		close(w)
	}
	c.waiters = nil
}
