package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/storage"
)

// scenario executes the program of a case on a registry with a store in memory.
//
// The router does not wait to gather requests: the schedule, and not the clock, decides how late it is.
func scenario(c cases.Case) sched.Scenario {
	s := c.Settings.(Settings)
	s.Gather = -1
	judged := slices.DeleteFunc(Promises(), func(p Promise) bool {
		return p.Name != s.Promise && (s.Promise != "" || p == GoneAtReturn)
	})
	return func(x *sched.Execution) {
		ctx := x.Context()
		store, err := storage.Open(ctx, "", storage.Options{Disk: storage.MemoryDisk(), FlushInterval: -1, ArenaBytes: 256, CacheBytes: -1})
		if err != nil {
			panic(err)
		}
		w := &world{store: store, registry: New(ctx, store, s.Options), calls: make([][]call, len(c.Threads))}
		ready := w.setUp(ctx, c.Threads)
		for i, thread := range c.Threads {
			if thread.Name == setupThread {
				continue
			}
			x.Go(thread.Name, func(t *sched.T) {
				c := &client{world: w, t: t, name: thread.Name, handles: maps.Clone(ready), calls: &w.calls[i]}
				c.all(t.Context(), thread.Operations)
			})
		}
		x.Finally(func(t *sched.T) {
			if err := w.finish(t.Context(), judged); err != nil {
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

// setUp executes the thread called setup, and waits until every task sleeps, so that the tasks' first steps are no choices of
// the schedule. It returns the subscriptions that exist then, by shape.
func (w *world) setUp(ctx context.Context, threads []cases.Thread) map[string]string {
	c := &client{world: w, name: setupThread, handles: map[string]string{}}
	for i, thread := range threads {
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

// tick returns the next moment of the clock that orders calls. One thread runs at a time, so it needs no lock; norace keeps the
// race detector from seeing accesses that the program under test does not make.
//
//go:norace
func (w *world) tick() int {
	w.clock++
	return w.clock
}

// A client executes the operations of one thread.
type client struct {
	world   *world
	t       *sched.T // nil in setup
	name    string
	handles map[string]string // from a shape to the handle that the thread's operations use
	calls   *[]call
}

func (c *client) all(ctx context.Context, operations []cases.Operation) {
	for i, operation := range operations {
		o := operation.(Operation)
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
		defer c.crashed()
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

// crashed is deferred: a panic during a publication breaks NoCrash.
func (c *client) crashed() {
	if c.t == nil {
		return
	}
	if thrown := recover(); sched.Ends(thrown) {
		panic(thrown)
	} else if thrown != nil {
		c.t.Fail(NoCrash.broken("panic: %v", thrown))
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

// finish waits until the registry has settled, closes everything, and judges the promises. It closes before it judges, so that
// running tasks do not count as leaked. A removal or suspension may fail because another thread removed the subscription first;
// any other error is a failure.
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
	err = errors.Join(err, w.registry.Close(ctx), w.store.Close(ctx))
	for _, c := range calls {
		switch {
		case c.operation.Verb == Remove:
			delete(content, c.handle)
		case c.err != nil && c.operation.Verb != Suspend && err == nil:
			err = fmt.Errorf("%v: %w", c.operation, c.err)
		}
	}
	for _, p := range promises {
		if v := judge(p, calls, content, left); v != nil && err == nil {
			err = v
		}
	}
	return err
}

// content is what a log holds. It opens the log if it is not open.
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
