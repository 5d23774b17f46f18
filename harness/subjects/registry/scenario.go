package registry

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/storage"
)

// Scenario is a program on a registry, on a store in memory, to be explored. It judges the promises in their order; those
// that are not named are not looked at, so that one that is broken hides no other. A crash always counts.
//
// The router gathers for no time: then how late it is, is the schedule's choice like all else, and not the clock's.
func Scenario(p Program, options Options, promises ...Promise) sched.Scenario {
	options.Gather = -1
	return func(x *sched.Execution) {
		ctx := x.Context()
		store, err := storage.Open(ctx, "", storage.Options{Disk: storage.MemoryDisk(), FlushInterval: -1, ArenaBytes: 256})
		if err != nil {
			panic(err)
		}
		w := &world{store: store, registry: New(ctx, store, options), calls: make([][]call, len(p))}
		ready := w.setUp(ctx, p)
		for i, thread := range p {
			if thread.Name == setupThread {
				continue
			}
			x.Go(thread.Name, func(t *sched.T) {
				c := &client{world: w, t: t, name: thread.Name, handles: maps.Clone(ready), calls: &w.calls[i]}
				c.all(t.Context(), thread.Operations)
			})
		}
		x.Finally(func(t *sched.T) {
			if err := w.finish(t.Context(), promises); err != nil {
				t.Fail(err)
			}
		})
	}
}

// A world is what the clients of one execution share.
type world struct {
	store    *storage.Store
	registry *Registry
	clock    int
	calls    [][]call // by thread
}

// setUp does what the thread called setup does and lets every task fall asleep: their first steps are no choices. It returns
// the subscriptions that are there then, by shape.
func (w *world) setUp(ctx context.Context, p Program) map[string]string {
	c := &client{world: w, name: setupThread, handles: map[string]string{}}
	for i, thread := range p {
		if thread.Name == setupThread {
			c.calls = &w.calls[i]
			c.all(ctx, thread.Operations)
		}
	}
	if err := w.registry.Settle(ctx); err != nil {
		panic(err)
	}
	return c.handles
}

// tick orders calls. The race detector must not take it for an order of the program's: one thread runs at a time.
//
//go:norace
func (w *world) tick() int {
	w.clock++
	return w.clock
}

// A client does the operations of one thread.
type client struct {
	world   *world
	t       *sched.T // nil in setup
	name    string
	handles map[string]string // from a shape to the subscription that it means
	calls   *[]call
}

func (c *client) all(ctx context.Context, operations []Operation) {
	for i, o := range operations {
		if c.t != nil {
			c.t.Op(o.String())
		}
		made := call{operation: o, handle: c.handles[o.Shapes[0]], value: fmt.Sprintf("%s.%d", c.name, i+1), begin: c.world.tick()}
		c.do(ctx, &made)
		made.end = c.world.tick()
		*c.calls = append(*c.calls, made)
	}
}

func (c *client) do(ctx context.Context, made *call) {
	r, shape := c.world.registry, made.operation.Shapes[0]
	switch made.operation.Verb {
	case Publish:
		tx := Transaction{{Value: []byte(made.value)}}
		made.delivered, made.err = r.Publish(ctx, tx, made.operation.Shapes...)
	case Subscribe:
		made.handle, made.err = r.Subscribe(ctx, shape)
		c.handles[shape] = made.handle
	case Suspend:
		made.err = r.Suspend(ctx, made.handle)
	case Remove:
		if made.err = r.Remove(ctx, made.handle); made.err == nil {
			made.left = r.Left(made.handle)
		}
	}
	if c.t != nil && c.t.Noting() {
		c.t.Note(made.outcome())
	}
}

func (c *call) outcome() string {
	switch {
	case c.err != nil:
		return fmt.Sprintf("%v: %v", c.operation, c.err)
	case c.operation.Verb == Publish:
		return fmt.Sprintf("%v: delivered %s to %v", c.operation, c.value, c.delivered)
	}
	return fmt.Sprintf("%v: done, %s", c.operation, c.handle)
}

// finish settles and judges, then closes everything: what is left must not be counted as leaked tasks.
func (w *world) finish(ctx context.Context, promises []Promise) error {
	err := w.registry.Settle(ctx)
	content, left := map[string][]string{}, map[string][]string{}
	calls := slices.Concat(w.calls...)
	for _, c := range calls {
		if c.operation.Verb == Subscribe && c.err == nil && err == nil {
			left[c.handle] = w.registry.Left(c.handle)
			content[c.handle], err = w.content(ctx, c.handle)
		}
	}
	for _, c := range calls {
		if c.operation.Verb == Remove {
			delete(content, c.handle)
		}
	}
	if failed := w.registry.Close(ctx); err == nil {
		err = failed
	}
	if failed := w.store.Close(ctx); err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	return firstBroken(calls, content, left, promises)
}

// firstBroken is nil or an error that says more than ErrUnknown: a removal that another thread was quicker with.
func firstBroken(calls []call, content, left map[string][]string, promises []Promise) error {
	for _, c := range calls {
		if c.err != nil && c.operation.Verb != Remove && c.operation.Verb != Suspend {
			return fmt.Errorf("%v: %w", c.operation, c.err)
		}
	}
	for _, p := range promises {
		if b := judge(p, calls, content, left); b != nil {
			return b
		}
	}
	return nil
}

// content is what a log holds. It opens one that is not open.
func (w *world) content(ctx context.Context, handle string) (values []string, err error) {
	log, err := w.store.Log(ctx, handle)
	if err != nil {
		return nil, err
	}
	for record, err := range log.Read(ctx, storage.Offset{}, storage.End) {
		if err != nil {
			return nil, err
		}
		values = append(values, string(record.Value))
	}
	return values, nil
}
