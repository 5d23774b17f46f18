package kill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/storage"
)

// aChild returns a child in this process, which writes its messages to where the test reads them.
func aChild(t *testing.T) (*child, func() []message) {
	t.Helper()
	from, to, err := os.Pipe()
	require.NoError(t, err)
	c := &child{load: load{Dir: t.TempDir(), Seed: 1, Child: 1, Goroutines: 4, MaxValueBytes: 100}, pipe: to}
	c.options = storage.Options{Create: true, TailBytes: smallTail, FlushInterval: -1}
	require.NoError(t, c.open(t.Context()))
	t.Cleanup(func() { _ = c.store.Load().Close(context.Background()) }) // it may be closed
	return c, func() (all []message) {
		require.NoError(t, to.Close())
		defer from.Close()
		for {
			m, err := receive(from)
			if errors.Is(err, io.EOF) {
				return all
			}
			require.NoError(t, err)
			all = append(all, m)
		}
	}
}

func TestAReopenedStoreHasWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	c, said := aChild(t)
	at, err := c.log.Load().Append(t.Context(), storage.Record{Value: []byte("x")})
	require.NoError(t, err)
	c.newest.Store(at.Tx)
	before := c.log.Load()
	require.NoError(t, c.reopen(t.Context(), 0, false))
	require.NotSame(t, before, c.log.Load())
	_, err = before.Append(t.Context(), storage.Record{Value: []byte("y")})
	require.ErrorIs(t, err, storage.ErrClosed)
	require.True(t, c.isClosed(fmt.Errorf("wrapped: %w", err)), "the client goes on with the new log")
	require.False(t, c.isClosed(storage.ErrPoisoned))
	require.Equal(t, []message{{durable, 0, 0, at.Tx}, {reopened, 0, 0, 0}}, said())
}

func TestAReopenedStoreWithoutWhatWasAcknowledgedIsFound(t *testing.T) {
	t.Parallel()
	c, _ := aChild(t)
	c.newest.Store(7)
	require.ErrorContains(t, c.reopen(t.Context(), 0, true), "Durability: 0 transactions are there after a close beside operations, 7 had been acknowledged")
}

func TestAClosedLogIsNewsBeforeAnybodyClosesTheStore(t *testing.T) {
	t.Parallel()
	c, _ := aChild(t)
	require.False(t, c.isClosed(storage.ErrClosed))
}

func TestAChildMakesAppendsWait(t *testing.T) {
	t.Parallel()
	c, said := aChild(t)
	require.NoError(t, c.wait(t.Context(), 1))
	if failpoints.Instrumented() {
		require.Equal(t, []message{{waited, 1, 0, 0}}, said())
	} else {
		require.Empty(t, said(), "nothing holds a flush in this build")
	}
}
