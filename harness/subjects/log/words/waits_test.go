package words

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

func requireInstrumented(t *testing.T) {
	t.Helper()
	if !failpoints.Instrumented() {
		t.Skip("needs the instrumented build: go run ./harness/cmd/racewindow test ./harness/subjects/log/words")
	}
}

func TestAppendsThatWaitCanBeCalledOffInEachHandover(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, handover := range storage.Handovers() {
		for _, limit := range []int64{1, 200, 64 << 10} {
			_, l := open(t, storage.Options{Handover: handover, TailBytes: limit})
			for range 2 { // a log that has records already
				tried, err := Waits(context.Background(), l, limit)
				require.NoError(t, err, "%v with a limit of %d", handover, limit)
				require.True(t, tried)
			}
		}
	}
}

func TestWaitsTriesNothingWhereTheTailIsTooLargeToFill(t *testing.T) {
	t.Parallel()
	_, l := open(t, storage.Options{})
	tried, err := Waits(context.Background(), l, mostLimit+1)
	require.NoError(t, err)
	require.False(t, tried)
	require.Zero(t, l.Visible(context.Background()))
}

func TestWaitsFillsTheTailWithValuesThatTheLogTakes(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for most, tries := range map[int]bool{100: true, 3: false} {
		_, l := open(t, storage.Options{MaxValueBytes: most, TailBytes: 1 << 20})
		tried, err := Waits(context.Background(), l, 1<<20)
		require.NoError(t, err, most)
		require.Equal(t, tries, tried, most)
	}
}

func TestAnAppendThatTakesMoreThanTheLimitIsFound(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	_, l := open(t, storage.Options{}) // its limit is 8 MiB
	_, err := Waits(context.Background(), l, 1<<20)
	require.NotNil(t, Broken(err))
	require.Equal(t, check.TailLimit, Broken(err).Promise)
	require.Contains(t, err.Error(), "and the limit is 1048576")
}

// A changed is a log whose appends end differently if they are called off.
type changed struct {
	*storage.Log
	called func(at storage.Offset, err error, records []storage.Record) (storage.Offset, error)
	late   *[]storage.Record
}

func (l changed) Append(ctx context.Context, records ...storage.Record) (storage.Offset, error) {
	if late := *l.late; late != nil {
		*l.late = nil
		if at, err := l.Log.Append(ctx, late...); err != nil {
			return at, err
		}
	}
	at, err := l.Log.Append(ctx, records...)
	if errors.Is(err, context.Canceled) {
		return l.called(at, err, records)
	}
	return at, err
}

func TestAnAppendThatWasCalledOffAndIsMadeIsFound(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	var late []storage.Record
	_, l := open(t, storage.Options{TailBytes: 4 << 10})
	_, err := Waits(context.Background(), changed{l, func(at storage.Offset, err error, records []storage.Record) (storage.Offset, error) {
		late = records
		return at, err
	}, &late}, 4<<10)
	require.NotNil(t, Broken(err))
	require.Equal(t, check.Refusals, Broken(err).Promise)
}

func TestAnAppendThatWasCalledOffMustSayThatItsContextEnded(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	var late []storage.Record
	_, l := open(t, storage.Options{TailBytes: 4 << 10})
	_, err := Waits(context.Background(), changed{l, func(at storage.Offset, _ error, _ []storage.Record) (storage.Offset, error) {
		return at, errors.New("given up")
	}, &late}, 4<<10)
	require.EqualError(t, err, "given up")
	require.Nil(t, Broken(err))
}
