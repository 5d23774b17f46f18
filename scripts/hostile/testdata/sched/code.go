// Package code is hard to explore: workers that recover from every panic, loops that spin, plain locks.
package code

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pingcap/failpoint"
	"github.com/racewindow/racewindow/failpoints"
)

var (
	sleep = failpoints.WaitPoint("example.com/hostilesched", "timer/sleep")
	done  = failpoints.WaitPoint("example.com/hostilesched", "client/done")
)

// Tick survives the panics of its jobs.
func Tick(ctx context.Context) {
	for {
		func() {
			defer func() { _ = recover() }()
			failpoint.InjectCall("tick", ctx)
		}()
	}
}

func Other(ctx context.Context) { failpoint.InjectCall("other", ctx) }

// Locked passes a marker while it holds a plain lock.
func Locked(ctx context.Context, mu *sync.Mutex) {
	failpoint.InjectCall("before-lock", ctx)
	mu.Lock()
	defer mu.Unlock()
	failpoint.InjectCall("locked", ctx)
}

func Send(ctx context.Context, n *atomic.Int64) {
	for range 2 {
		failpoint.InjectCall("send", ctx)
		n.Add(1)
	}
}

func Receive(ctx context.Context, n *atomic.Int64) {
	for n.Load() < 2 {
		failpoint.InjectCall("spin", ctx)
	}
}

func Work(ctx context.Context, n int, done *atomic.Bool) {
	for range n {
		failpoint.InjectCall("work", ctx)
	}
	done.Store(true)
}

func Spin(ctx context.Context, done *atomic.Bool) {
	for !done.Load() {
		failpoint.InjectCall("spin", ctx)
	}
}

// Enter claims, then waits until the other one has no claim. If both claim first, neither can go on.
func Enter(ctx context.Context, flags *[2]atomic.Bool, me int) {
	failpoint.InjectCall("claim", ctx)
	flags[me].Store(true)
	for {
		failpoint.InjectCall("look", ctx)
		if !flags[1-me].Load() {
			break
		}
	}
	flags[me].Store(false)
}

// Backoff sleeps n times, then is done.
func Backoff(ctx context.Context, n int, done chan struct{}) {
	for range n {
		_ = failpoints.Sleep(ctx, sleep, time.Second)
	}
	close(done)
}

func Await(ctx context.Context, answer chan struct{}) {
	_, _, _ = failpoints.Receive(ctx, done, answer)
}

func Forget(ctx context.Context) { _ = failpoints.Sleep(ctx, sleep, time.Hour) }
