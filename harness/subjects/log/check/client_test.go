package check

import (
	"errors"
	"iter"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

// yielding is a read that yields records, and then fails if err is not nil.
func yielding(records []storage.Record, err error) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(storage.Record{}, err)
		}
	}
}

// A lonely client is the only client of a log. It has appended transactions of two records.
func lonely(t *testing.T, transactions int) (*world, Client) {
	t.Helper()
	w := newWorld(1, values)
	c := NewClient(0, w.board, values)
	for tx := range uint64(transactions) {
		id := c.Invoke(2, false)
		require.EqualValues(t, tx+1, id.Sequence)
		w.log = append(w.log, w.transaction(tx+1, id))
		c.Acknowledge(storage.Offset{Tx: tx + 1, Op: 1})
	}
	return w, c
}

func TestAClientsTransactionsAreNumberedAndOnTheBoard(t *testing.T) {
	t.Parallel()
	w, c := lonely(t, 3)
	require.EqualValues(t, 3, w.board.Acknowledged())
	require.EqualValues(t, 3, w.board.Invoked(0))
	doomed := c.Invoke(1, true)
	require.Equal(t, Identity{Sequence: 1, Count: 1, Doomed: true}, doomed, "those that it aborts are numbered apart")
	require.EqualValues(t, 3, w.board.Invoked(0))
	id := c.Invoke(2, false)
	require.EqualValues(t, 4, id.Sequence)
	require.Equal(t, w.transaction(0, id)[1].Key, c.Records(id)[1].Key)
	c.Fail()
	require.EqualValues(t, 4, w.board.Failed(0))
}

func TestAClientChecksWhatItReadsAndReadsOn(t *testing.T) {
	t.Parallel()
	w, c := lonely(t, 3)
	c.Reader.Begin(Bound{}, storage.End)
	v, err := c.Check(yielding(w.all()[:4], nil))
	require.Nil(t, v)
	require.NoError(t, err)
	requirePromise(t, "ReadAfterWrite", "transaction 3 missing", c.End())
	require.Equal(t, storage.Offset{Tx: 2, Op: 1}, c.Last.Offset)

	c.Reader.Begin(c.Last, storage.End)
	v, err = c.Check(yielding(w.all()[4:], nil))
	require.Nil(t, v)
	require.NoError(t, err)
	require.Nil(t, c.End())
	require.Nil(t, c.Mine(storage.Offset{Tx: 3, Op: 1}))
	requirePromise(t, "ReadAfterWrite", "append 3 of client 0 was acknowledged as 2.1", c.Mine(storage.Offset{Tx: 2, Op: 1}))
}

func TestAReadThatFailsIsNoViolationYet(t *testing.T) {
	t.Parallel()
	w, c := lonely(t, 2)
	broken := errors.New("broken")
	c.Reader.Begin(Bound{}, storage.End)
	v, err := c.Check(yielding(w.all()[:2], broken))
	require.Nil(t, v)
	require.ErrorIs(t, err, broken)
	require.Zero(t, c.Last)

	c.Reader.Begin(Bound{}, storage.End)
	v, err = c.Check(yielding([]storage.Record{w.all()[0], w.all()[0]}, broken))
	requirePromise(t, "NoDuplicate", "came twice in a row", v)
	require.NoError(t, err, "the first that is wrong ends it")
}

func TestWholeIsAfterEveryRecord(t *testing.T) {
	t.Parallel()
	require.Zero(t, Whole(0))
	require.Equal(t, storage.Offset{Tx: 3, Op: math.MaxUint64}, Whole(3))
}

func TestOwnersAreKnownOrNot(t *testing.T) {
	t.Parallel()
	var o Owners
	o.Set(3, 7, 2)
	require.Len(t, o, 3)
	for tx, known := range map[uint64]bool{0: false, 1: false, 3: true, 4: false} {
		_, is := o.Of(tx)
		require.Equal(t, known, is, tx)
	}
	id, _ := o.Of(3)
	require.Equal(t, Identity{Client: 7, Sequence: 2}, id)
	o.Resize(2)
	o.Resize(3)
	_, known := o.Of(3)
	require.False(t, known, "what was lost is forgotten")
}

func TestWhatIsReadAfterACrashHasOwners(t *testing.T) {
	t.Parallel()
	w, _ := lonely(t, 3)
	expected := Expected{Values: values, Durable: 2, Owner: Owners{}.Of, Invoked: w.board.Invoked}
	found, v, err := ReadRecovered(NewRecovered(expected), yielding(w.all(), nil), nil)
	require.NoError(t, err)
	require.Nil(t, v)
	require.Equal(t, Owners{{Sequence: 1}, {Sequence: 2}, {Sequence: 3}}, found)

	_, v, err = ReadRecovered(NewRecovered(expected), yielding(w.all()[:2], nil), nil)
	require.NoError(t, err)
	requirePromise(t, "Durability", "transactions 2 to 2 are gone", v)

	broken := errors.New("broken")
	_, v, err = ReadRecovered(NewRecovered(expected), yielding(w.all()[:2], broken), nil)
	require.ErrorIs(t, err, broken)
	require.Nil(t, v, "what is missing is not known")

	var seen []storage.Offset
	each := func(at storage.Offset, id Identity) *Violation {
		if seen = append(seen, at); id.Sequence == 2 {
			return &Violation{Promise: NoPhantom, Detail: "it was lost before", At: at}
		}
		return nil
	}
	_, v, err = ReadRecovered(NewRecovered(expected), yielding(w.all(), nil), each)
	require.NoError(t, err)
	requirePromise(t, "NoPhantom", "it was lost before", v)
	require.Equal(t, []storage.Offset{{Tx: 1}, {Tx: 2}}, seen, "the first record of each transaction")
}
