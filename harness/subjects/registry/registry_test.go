package registry

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

// These tests run without the scheduler, in every build.

func newRegistry(t *testing.T, options Options) *world {
	t.Helper()
	ctx := context.Background()
	store, err := storage.Open(ctx, t.TempDir(), storage.Options{})
	require.NoError(t, err)
	w := &world{store: store, registry: New(ctx, store, options)}
	t.Cleanup(func() {
		require.NoError(t, w.registry.Close(ctx))
		require.NoError(t, store.Close(ctx))
	})
	return w
}

func (w *world) publish(t *testing.T, value string, shapes ...string) (delivered []string) {
	t.Helper()
	delivered, err := w.registry.Publish(context.Background(), Transaction{{Value: []byte(value)}}, shapes...)
	require.NoError(t, err)
	return delivered
}

func (w *world) subscribe(t *testing.T, shape string) (handle string) {
	t.Helper()
	handle, err := w.registry.Subscribe(context.Background(), shape)
	require.NoError(t, err)
	return handle
}

func (w *world) requireContent(t *testing.T, handle string, values ...string) {
	t.Helper()
	have, err := w.content(context.Background(), handle)
	require.NoError(t, err)
	require.Equal(t, values, have)
}

func TestATransactionComesToTheLogsOfItsShapes(t *testing.T) {
	t.Parallel()
	for _, order := range Orders() {
		w := newRegistry(t, Options{Order: order})
		w.subscribe(t, "a")
		w.subscribe(t, "b")
		w.subscribe(t, "a")
		require.Equal(t, []string{"a.1", "a.2"}, w.publish(t, "one", "a"))
		require.Equal(t, []string{"b.1", "a.1", "a.2"}, w.publish(t, "two", "b", "a"))
		require.Empty(t, w.publish(t, "three", "c"))
		w.requireContent(t, "a.1", "one", "two")
		w.requireContent(t, "a.2", "one", "two")
		w.requireContent(t, "b.1", "two")
	}
}

func TestASuspendedSubscriptionIsStartedByTheNextTransaction(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, order := range Orders() {
		w := newRegistry(t, Options{Order: order})
		handle := w.subscribe(t, "a")
		w.publish(t, "one", "a")
		require.NoError(t, w.registry.Suspend(ctx, handle))
		require.Equal(t, []string{"status", "route"}, w.registry.Left(handle))
		require.Equal(t, []string{handle}, w.publish(t, "two", "a"))
		require.Equal(t, []string{"status", "consumer", "open log", "route"}, w.registry.Left(handle))
		w.requireContent(t, handle, "one", "two")
	}
}

func TestNothingIsLeftOfARemovedSubscriptionAndTheNextOneIsAnother(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, order := range Orders() {
		w := newRegistry(t, Options{Order: order})
		first := w.subscribe(t, "a")
		w.publish(t, "one", "a")
		require.NoError(t, w.registry.Remove(ctx, first))
		require.NoError(t, w.registry.Settle(ctx))
		require.Empty(t, w.registry.Left(first))
		require.ErrorIs(t, w.registry.Remove(ctx, first), ErrUnknown)
		require.ErrorIs(t, w.registry.Suspend(ctx, first), ErrUnknown)
		second := w.subscribe(t, "a")
		require.NotEqual(t, first, second)
		require.Equal(t, []string{second}, w.publish(t, "two", "a"))
		w.requireContent(t, second, "two")
	}
}

// The crash needs neither a scheduler nor a second goroutine: the router is late, and a client publishes.
func TestAPublicationAfterARemovalCrashesWithTheStatusFirst(t *testing.T) {
	t.Parallel()
	for _, order := range Orders() {
		t.Run(order.String(), func(t *testing.T) {
			t.Parallel()
			w := newRegistry(t, Options{Order: order, Gather: 2 * time.Second}) // Close waits for it
			require.NoError(t, w.registry.Remove(context.Background(), w.subscribe(t, "a")))
			publish := func() { w.publish(t, "one", "a") }
			if order == StatusFirst {
				require.PanicsWithError(t, "runtime error: invalid memory address or nil pointer dereference", publish)
			} else {
				require.NotPanics(t, publish)
			}
		})
	}
}

func TestManyPublishWhileManySubscribeAndRemove(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, options := range []Options{{Order: FilterNil}, {Order: Reorder}, {Order: Checked, Concurrent: true}} {
		w := newRegistry(t, options)
		kept := w.subscribe(t, "a")
		const publishers, transactions = 8, 50
		var all sync.WaitGroup
		for p := range publishers {
			all.Go(func() {
				for i := range transactions {
					_, err := w.registry.Publish(ctx, Transaction{{Value: fmt.Appendf(nil, "%d.%d", p, i)}}, "a")
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 4 {
			all.Go(func() {
				for range 10 {
					handle, err := w.registry.Subscribe(ctx, "a")
					if err == nil {
						err = w.registry.Remove(ctx, handle)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		values, err := w.content(ctx, kept)
		require.NoError(t, err)
		require.Len(t, values, publishers*transactions)
	}
}
