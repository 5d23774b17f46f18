package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

// relog renumbers transactions, as a log would that has lost, doubled or moved some of them without noticing.
func relog(transactions ...[]storage.Record) (records []storage.Record) {
	for i, transaction := range transactions {
		for _, r := range transaction {
			r = r.Clone()
			r.Offset.Tx = uint64(i + 1)
			records = append(records, r)
		}
	}
	return records
}

func TestATransactionWithTheRecordsOfAnotherIsFoundAtOnce(t *testing.T) {
	t.Parallel()
	w := example()
	swapped := relog(w.log[1], w.log[0], w.log[2])
	requirePromise(t, "ReadAfterWrite", "1.0 holds append 1 of client 1, but transaction 1 was acknowledged to client 0 as its append 1", w.scan(false, swapped))

	board := NewBoard(2)
	board.Acknowledge(0, 1, 7)
	board.Acknowledge(1, 1, 7+rememberedTransactions)
	_, _, other := board.otherOwner(1, 5, 7)
	require.False(t, other, "what the board has forgotten is no evidence")
	client, sequence, other := board.otherOwner(0, 9, 7+rememberedTransactions)
	require.True(t, other)
	require.Equal(t, []uint32{1, 1}, []uint32{client, sequence})
}

// forget makes the board forget who appended these transactions, as if many more had followed.
func (w *world) forget() {
	for i := range w.board.newest {
		w.board.newest[i].Store(0)
	}
}

func TestAScanHoldsEveryAppendAgainstItsClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		order           []int // of the transactions of example, under new numbers
		promise, detail string
	}{
		{"all", []int{1, 2, 3, 4, 5}, "", ""},
		{"all that was acknowledged", []int{1, 2, 3, 4}, "", ""},
		{"clients in another order", []int{2, 4, 1, 5, 3}, "", ""},
		{"one lost in the middle", []int{2, 3, 4, 5}, "ReadAfterWrite", "between appends 0 and 2 of client 0 an acknowledged one is missing"},
		{"the last of a client lost", []int{1, 2, 5, 4}, "ReadAfterWrite", "appends 2 to 2 of client 0 are missing at the end of the log"},
		{"the only one of a client lost", []int{1, 2, 3, 5}, "ReadAfterWrite", "appends 1 to 1 of client 2 are missing"},
		{"the last lost", []int{1, 2, 3}, "ReadAfterWrite", "transaction 4 missing"},
		{"one doubled at once", []int{1, 1, 2, 3, 4, 5}, "NoDuplicate", "2.0 is append 1 of client 0, which was already stored before"},
		{"one doubled later", []int{1, 2, 4, 3, 2, 5}, "NoDuplicate", "5.0 is append 1 of client 1, which was already stored before"},
		{"an old one again", []int{1, 2, 3, 4, 1}, "Order", "5.0 is append 1 of client 0, after its append 2"},
		{"reordered", []int{3, 1, 2, 4}, "ReadAfterWrite", "between appends 0 and 2 of client 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := example()
			w.forget()
			var transactions [][]storage.Record
			for _, tx := range c.order {
				transactions = append(transactions, w.log[tx-1])
			}
			requirePromise(t, c.promise, c.detail, w.scan(false, relog(transactions...)))
		})
	}
}

func TestWhatAReopenedEngineLacksIsARecoveryThatFailed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, yields, promise, detail string
	}{
		{"nothing", "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2", "", ""},
		{"all", "", "PrefixRecovery", "after a clean close and reopen: transactions 1 to 4 missing"},
		{"the end", "1.0 1.1 1.2 2.0", "PrefixRecovery", "transactions 3 to 4 missing"},
		{"the middle", "1.0 1.1 1.2 3.0 3.1 4.0 4.1 4.2", "PrefixRecovery", "transaction 2 missing"},
		{"a part of a transaction", "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1", "PrefixRecovery", "the last 1 of 3 records of transaction 4 missing"},
		{"a part in the middle", "1.0 1.1 2.0", "TransactionAtomicity", "after a clean close and reopen: transaction 1 stops"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := example()
			requirePromise(t, c.promise, c.detail, w.scan(true, w.pick(t, c.yields)))
		})
	}
}

func TestWhatNobodyAppendedIsARecoveryThatFailed(t *testing.T) {
	t.Parallel()
	w := example()
	foreign := w.transaction(6, Identity{Client: 3, Sequence: 1, Count: 1})
	requirePromise(t, "PrefixRecovery", "append 1 of client 3, which never happened", w.scan(true, append(w.all(), foreign...)))
	requirePromise(t, "NoPhantom", "append 1 of client 3", w.scan(false, append(w.all(), foreign...)))
}

// failed is a world in which client 1's second append, transaction 5, returned an error.
func failed() *world {
	w := example()
	w.board.Fail(1, 2)
	return w
}

func TestAFailedAppendMayOrMayNotHaveHappened(t *testing.T) {
	t.Parallel()
	w := failed()
	require.EqualValues(t, 2, w.board.Failed(1))
	with, without := w.all(), w.pick(t, "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2")
	for range 2 {
		require.Nil(t, w.scan(false, with))
		require.Nil(t, w.scan(false, without))
	}
	require.EqualValues(t, 2, w.board.Failed(1), "a scan without a reopen settles nothing")
}

func TestAReopenSettlesThatAFailedAppendHappened(t *testing.T) {
	t.Parallel()
	w := failed()
	require.Nil(t, w.scan(true, w.all()))
	require.Zero(t, w.board.Failed(1))
	require.Nil(t, w.scan(false, w.all()))
	requirePromise(t, "ReadAfterWrite", "appends 2 to 2 of client 1 are missing",
		w.scan(false, w.pick(t, "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2")))
	w.append(1, 1)
	require.Nil(t, w.scan(true, w.all()))
}

func TestAReopenSettlesThatAFailedAppendNeverHappened(t *testing.T) {
	t.Parallel()
	w := failed()
	without := w.pick(t, "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2")
	require.Nil(t, w.scan(true, without))
	require.Zero(t, w.board.Failed(1))
	require.Nil(t, w.scan(false, without))
	requirePromise(t, "NoPhantom", "append 2 of client 1, which never happened", w.scan(false, w.all()))
	requirePromise(t, "NoPhantom", "append 2 of client 1, which never happened",
		read(NewReader(w.board, w.values), Bound{}, storage.End, w.all()))
}

// The number of an append that never happened is free again, however often that happens.
func TestAClientGoesOnAfterAppendsThatNeverHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(1, values)
	for range 3 {
		w.append(0, 2)
		before := w.all()
		w.invoke(0, 1)
		w.board.Fail(0, w.sequences[0])
		require.Nil(t, w.scan(true, before))
		w.log = w.log[:len(w.log)-1]
		w.sequences[0]--
	}
	w.append(0, 1)
	require.Nil(t, w.scan(true, w.all()))
	require.Len(t, w.log, 4)
}

// A scan that found a violation settles nothing.
func TestAScanThatFindsAViolationSettlesNothingOfThatClient(t *testing.T) {
	t.Parallel()
	w := failed()
	requirePromise(t, "PrefixRecovery", "", w.scan(true, nil))
	require.EqualValues(t, 2, w.board.Failed(1))
}
