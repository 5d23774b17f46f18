package registry

import (
	"context"
	"sync"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/storage"
)

// A consumer is the task that appends the transactions sent to one subscription to its log.
type consumer struct {
	handle string
	log    *storage.Log

	mu       sync.Mutex // whoever holds it passes no failpoint
	inbox    []delivery
	stopping bool

	wake  chan struct{}
	ended chan struct{} // closed when it takes no more deliveries
	gone  chan struct{} // closed when its log is closed and it is no longer in the table
}

type delivery struct {
	tx Transaction
	to chan answer // has room for the one answer
}

type answer struct {
	stopped bool // this consumer has not taken the delivery and never will
	err     error
}

var (
	consumerWake = failpoints.WaitPoint(packagePath, "consumer/wake")
	dismissEnded = failpoints.WaitPoint(packagePath, "dismiss/ended")
	dismissGone  = failpoints.WaitPoint(packagePath, "dismiss/gone")
)

func newConsumer(handle string, log *storage.Log) *consumer {
	return &consumer{handle: handle, log: log, wake: make(chan struct{}, 1), ended: make(chan struct{}), gone: make(chan struct{})}
}

// send puts a transaction into the consumer's inbox. The answer comes on the channel that it returns.
//
//racewindow:yielded because every caller has passed a point just before
func (c *consumer) send(tx Transaction) <-chan answer {
	d := delivery{tx, make(chan answer, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		//racewindow:atomic because only the caller has the other end
		d.to <- answer{stopped: true}
		return d.to
	}
	c.inbox = append(c.inbox, d)
	c.notify()
	return d.to
}

// notify wakes the consumer. The caller must hold mu.
//
//racewindow:atomic because a consumer that wakes needs the lock before it sees anything
func (c *consumer) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run is the task.
func (c *consumer) run(ctx context.Context) {
	for {
		failpoint.InjectCall("consumer/next", ctx)
		d, work, stop := c.next()
		switch {
		case stop:
			failpoint.InjectCall("consumer/ending", ctx)
			close(c.ended)
			return
		case work:
			failpoint.InjectCall("consumer/received", ctx)
			_, err := c.log.Append(ctx, d.tx...)
			failpoint.InjectCall("consumer/appended", ctx)
			d.to <- answer{err: err}
		default:
			if _, _, err := failpoints.Receive(ctx, consumerWake, c.wake); err != nil {
				panic(err) // a detached context does not end
			}
		}
	}
}

// next takes a delivery, if there is one. A consumer that was told to stop refuses all deliveries that it has not begun.
//
//racewindow:yielded because every caller has passed a point just before
func (c *consumer) next() (d delivery, work, stop bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		for _, d := range c.inbox {
			//racewindow:atomic because who waits for it waits for the consumer to be gone next
			d.to <- answer{stopped: true}
		}
		c.inbox = nil
		return d, false, true
	}
	if len(c.inbox) == 0 {
		return d, false, false
	}
	d, c.inbox = c.inbox[0], c.inbox[1:]
	return d, true, false
}

// stop tells the consumer to end, and reports whether this was the first call.
//
//racewindow:yielded because every caller has passed a point just before
func (c *consumer) stop() (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, c.stopping = !c.stopping, true
	c.notify()
	return first
}

// dismiss stops the consumer of a subscription, closes its log and removes it from the table, in this order: while it is in the
// table, no other consumer starts for the same log.
//
//racewindow:yielded because every caller has passed a point just before
func (r *Registry) dismiss(ctx context.Context, handle string) error {
	c := r.consumer(handle)
	if c == nil {
		return nil
	}
	failpoint.InjectCall("dismiss/found", ctx)
	if !c.stop() {
		_, _, err := failpoints.Receive(ctx, dismissGone, c.gone)
		return err
	}
	if _, _, err := failpoints.Receive(ctx, dismissEnded, c.ended); err != nil {
		return err
	}
	failpoint.InjectCall("dismiss/stopped", ctx)
	err := r.closeLog(ctx, handle, c.log)
	failpoint.InjectCall("dismiss/closed", ctx)
	r.strike(c)
	failpoint.InjectCall("dismiss/struck", ctx)
	close(c.gone)
	return err
}
