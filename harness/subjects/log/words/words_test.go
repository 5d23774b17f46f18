package words

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

func open(t *testing.T, o storage.Options) (*storage.Store, *storage.Log) {
	t.Helper()
	o.Disk = storage.MemoryDisk()
	s, err := storage.Open(context.Background(), "words", o)
	require.NoError(t, err)
	l, err := s.Log(context.Background(), "case")
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s, l
}

func records(n int, text string) (all []storage.Record) {
	for i := range n {
		all = append(all, storage.Record{Key: fmt.Appendf(nil, "%s %d", text, i), Value: []byte(text)})
	}
	return all
}

func never(error) bool { return false }

// say executes every operation once, and counts the transactions that it appended.
func say(ctx context.Context, s *storage.Store, l *storage.Log, text string) (appended int, err error) {
	for _, appends := range []func() (storage.Offset, error){
		func() (storage.Offset, error) { return AppendDurable(ctx, l, records(2, text)) },
		func() (storage.Offset, error) { return AppendNext(ctx, l, records(3, text)) },
		func() (storage.Offset, error) {
			return Spend(ctx, l, [][]storage.Record{records(1, text), records(2, text)}, never)
		},
	} {
		at, err := appends()
		if err != nil {
			return appended, err
		}
		appended++
		if err := Watermarks(ctx, l, at.Tx); err != nil {
			return appended, err
		}
	}
	return appended, errors.Join(
		Taken(ctx, l, records(1, "refused")), Ended(ctx, l, records(1, "ended")), Again(ctx, s, l), Neighbour(ctx, s, "other", records(2, text)),
	)
}

func TestTheLogKeepsWhatEachWordPromises(t *testing.T) {
	t.Parallel()
	s, l := open(t, storage.Options{ArenaBytes: 128, ChunkBytes: 64, SegmentBytes: 256, FlushBytes: 300})
	ctx := context.Background()
	require.NoError(t, Watermarks(ctx, l, 0), "an empty log names nothing")
	require.NoError(t, Taken(ctx, l, records(1, "refused")), "nothing lies before the first transaction")
	var all sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for i := range 8 {
		all.Go(func() {
			for n := range 20 {
				appended, err := say(ctx, s, l, fmt.Sprintf("%d %d", i, n))
				mu.Lock()
				total += appended
				mu.Unlock()
				if err != nil {
					t.Errorf("%d %d: %v", i, n, err)
					return
				}
			}
		})
	}
	all.Wait()
	require.EqualValues(t, total, l.Visible(ctx).Tx)
	for r, err := range l.Read(ctx, storage.Offset{}, storage.End) {
		require.NoError(t, err)
		require.NotContains(t, string(r.Key), "refused")
		require.NotContains(t, string(r.Key), "ended")
	}
}

// An error that the log returns for a reason is passed on, and is no violation by itself.
func TestAClosedLogBreaksNoPromise(t *testing.T) {
	t.Parallel()
	s, l := open(t, storage.Options{})
	ctx := context.Background()
	_, err := AppendNext(ctx, l, records(1, "before"))
	require.NoError(t, err)
	require.NoError(t, l.Close(ctx))
	_, durable := AppendDurable(ctx, l, records(1, "x"))
	_, next := AppendNext(ctx, l, records(1, "x"))
	_, spent := Spend(ctx, l, [][]storage.Record{records(1, "x")}, never)
	for what, err := range map[string]error{
		"durable": durable, "next": next, "spent": spent, "taken": Taken(ctx, l, records(1, "x")), "watermarks": Watermarks(ctx, l, 1),
	} {
		require.ErrorIs(t, err, storage.ErrClosed, what)
		require.Nil(t, Broken(err), what)
	}
	require.NoError(t, s.Close(ctx))
	require.ErrorIs(t, Neighbour(ctx, s, "other", records(1, "x")), storage.ErrClosed)
}

func TestWhatIsNotAcknowledgedToBeVisibleIsAViolation(t *testing.T) {
	t.Parallel()
	s, l := open(t, storage.Options{})
	ctx := context.Background()
	_, err := AppendNext(ctx, l, records(1, "first"))
	require.NoError(t, err)
	require.Equal(t, check.Watermarks, Broken(Watermarks(ctx, l, 2)).Promise)
	other, err := s.Log(ctx, "other")
	require.NoError(t, err)
	require.NoError(t, Again(ctx, s, other))
	stranger, _ := open(t, storage.Options{})
	v := Broken(fmt.Errorf("wrapped: %w", Again(ctx, stranger, other)))
	require.NotNil(t, v, "it is open, in another store")
	require.NoError(t, other.Close(ctx))
	require.NoError(t, Again(ctx, s, other), "a close that failed may have closed it, and left the store open")
	require.Equal(t, check.OneLog, v.Promise)
	require.Nil(t, Broken(errors.New("none")))
	require.Nil(t, Broken(nil))
}
