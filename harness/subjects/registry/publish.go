package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/storage"
)

// A Transaction is a publication: records that belong together.
type Transaction []storage.Record

var (
	acknowledged = failpoints.WaitPoint(packagePath, "publish/acknowledged")
	consumerGone = failpoints.WaitPoint(packagePath, "publish/gone")
)

// Publish sends a transaction to every subscription of the shapes, and waits for them. It returns the handles whose logs have the
// transaction.
func (r *Registry) Publish(ctx context.Context, tx Transaction, shapes ...string) (delivered []string, err error) {
	if !r.options.Concurrent {
		failpoints.Lock(ctx, publishTurn, &r.turn)
		defer r.turn.Unlock()
	}
	failpoint.InjectCall("publish/before-route", ctx)
	handles := r.routed(shapes)
	failpoint.InjectCall("publish/routed", ctx)
	for len(handles) > 0 {
		consumers, err := r.resolve(ctx, handles)
		if err != nil {
			return delivered, fmt.Errorf("publish: %w", err)
		}
		var done []string
		done, handles, err = broadcast(ctx, tx, consumers)
		delivered = append(delivered, done...)
		if err != nil {
			return delivered, fmt.Errorf("publish: %w", err)
		}
	}
	return delivered, nil
}

// resolve finds the consumers of the handles, and starts those that sleep. A consumer that is missing and cannot be started is
// nil, or left out if the registry filters.
func (r *Registry) resolve(ctx context.Context, handles []string) (consumers []*consumer, err error) {
	for _, handle := range handles {
		failpoint.InjectCall("publish/before-lookup", ctx)
		c := r.consumer(handle)
		if c == nil {
			if c, err = r.start(ctx, handle); err != nil {
				return nil, err
			}
		}
		if c == nil && r.options.filters() {
			continue
		}
		consumers = append(consumers, c)
	}
	return consumers, nil
}

// broadcast sends to all consumers, and then waits for all of them. again are the handles whose consumers were stopped before
// they took the transaction; they can be started again.
func broadcast(ctx context.Context, tx Transaction, consumers []*consumer) (done, again []string, err error) {
	answers := make([]<-chan answer, 0, len(consumers))
	for _, c := range consumers {
		failpoint.InjectCall("publish/before-send", ctx)
		answers = append(answers, c.send(tx))
	}
	for i, c := range consumers {
		a, _, err := failpoints.Receive(ctx, acknowledged, answers[i])
		switch {
		case err != nil:
			return done, nil, err
		case a.err != nil:
			return done, nil, fmt.Errorf("consumer of %s: %w", c.handle, a.err)
		case a.stopped:
			if _, _, err := failpoints.Receive(ctx, consumerGone, c.gone); err != nil {
				return done, nil, err
			}
			again = append(again, c.handle)
		default:
			done = append(done, c.handle)
		}
	}
	return done, again, nil
}

// start starts the consumer of a live subscription, or returns the one that was started meanwhile. It is nil if the subscription
// is not live.
func (r *Registry) start(ctx context.Context, handle string) (*consumer, error) {
	failpoint.InjectCall("start/before-status", ctx)
	if !r.isLive(handle) {
		return nil, nil
	}
	failpoint.InjectCall("start/live", ctx)
	log, err := r.store.Log(ctx, handle)
	if err != nil {
		return nil, fmt.Errorf("start the consumer of %s: %w", handle, err)
	}
	failpoint.InjectCall("start/opened", ctx)
	r.opened(handle, log)
	failpoint.InjectCall("start/log-open", ctx)
	c, fresh := r.enlist(handle, log)
	switch {
	case fresh:
		failpoints.Go(failpoints.Detach(ctx), handle, c.run)
	case c == nil:
		return nil, r.closeLog(ctx, handle, log)
	}
	return c, nil
}

//racewindow:yielded because every caller has passed a point just before
func (r *Registry) opened(handle string, log *storage.Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs[handle] = log
}

// closeLog closes a log, if it is not closed already.
func (r *Registry) closeLog(ctx context.Context, handle string, log *storage.Log) error {
	if err := log.Close(ctx); err != nil && !errors.Is(err, storage.ErrClosed) {
		return err
	}
	failpoint.InjectCall("dismiss/log-closed", ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.logs[handle] == log {
		delete(r.logs, handle)
	}
	return nil
}

//racewindow:yielded because every caller has passed a point just before
func (r *Registry) consumer(handle string) *consumer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.consumers[handle]
}

// enlist adds a consumer to the table, unless there is one, which it then returns. With Checked it returns nil if the
// subscription is no longer live: the removal that took the status has not seen this consumer and will not stop it.
//
//racewindow:yielded because every caller has passed a point just before
func (r *Registry) enlist(handle string, log *storage.Log) (c *consumer, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c = r.consumers[handle]; c != nil {
		return c, false
	}
	if r.options.Order == Checked && !r.live[handle] {
		return nil, false
	}
	c = newConsumer(handle, log)
	r.consumers[handle] = c
	return c, true
}

// strike removes a consumer from the table.
//
//racewindow:yielded because every caller has passed a point just before
func (r *Registry) strike(c *consumer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.consumers, c.handle)
}
