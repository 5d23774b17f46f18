package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

var values = Values{Seed: 7, MinBytes: 3, MaxBytes: 20}

// example is a log of five transactions. The first four were acknowledged; the fifth is on its way, so that a read may
// see it or not. Client 3 has appended nothing.
//
//	1.0 1.1 1.2   client 0
//	2.0           client 1
//	3.0 3.1       client 0
//	4.0 4.1 4.2   client 2
//	5.0 5.1       client 1
func example() *world {
	w := newWorld(4, values)
	w.append(0, 3)
	w.append(1, 1)
	w.append(0, 2)
	w.append(2, 3)
	w.invoke(1, 2)
	return w
}

func TestACorrectReadIsNoViolation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, after, upTo, yields string }{
		{"all that was acknowledged", "-", "end", "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2"},
		{"and what was not acknowledged yet", "-", "end", "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2 5.0 5.1"},
		{"from the last record of a transaction", "1.2", "end", "2.0 3.0 3.1 4.0 4.1 4.2"},
		{"from between two transactions", "1.+", "end", "2.0 3.0 3.1 4.0 4.1 4.2"},
		{"from inside a transaction", "1.0", "end", "1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2"},
		{"from inside the newest transaction", "5.0", "end", "5.1"},
		{"to the last record of a transaction", "-", "3.1", "1.0 1.1 1.2 2.0 3.0 3.1"},
		{"to between two transactions", "-", "3.+", "1.0 1.1 1.2 2.0 3.0 3.1"},
		{"to the middle of a transaction", "2.0", "4.1", "3.0 3.1 4.0 4.1"},
		{"to the first record of a transaction", "2.0", "4.0", "3.0 3.1 4.0"},
		{"inside one transaction", "4.0", "4.1", "4.1"},
		{"to the middle of what was not acknowledged yet", "4.2", "5.0", "5.0"},
		{"or not there yet", "4.2", "5.0", ""},
		{"after the newest record", "4.+", "end", ""},
		{"after the end", "end", "end", ""},
		{"nothing between the bounds", "2.0", "2.+", ""},
		{"bounds that are equal", "3.0", "3.0", ""},
		{"bounds the wrong way round", "3.1", "1.2", ""},
		{"far after the end", "9.3", "12.+", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := example()
			reader := NewReader(w.board, w.values)
			yields := w.pick(t, c.yields)
			require.Nil(t, read(reader, w.bound(parse(t, c.after)), parse(t, c.upTo), yields))
			require.Equal(t, len(yields), reader.Got())
			require.EqualValues(t, len(yields), reader.Records)
			require.EqualValues(t, 4, reader.Acknowledged())
			last, id := reader.Last()
			if len(yields) == 0 {
				require.Zero(t, last)
				require.Zero(t, id)
				return
			}
			require.Equal(t, yields[len(yields)-1].Offset, last)
			require.Equal(t, w.bound(last).Record, id)
		})
	}
}

func TestAReadOfAnEmptyLogIsNoViolation(t *testing.T) {
	t.Parallel()
	w := newWorld(1, values)
	reader := NewReader(w.board, w.values)
	for _, upTo := range []string{"end", "1.0", "1.+", "-"} {
		require.Nil(t, read(reader, Bound{}, parse(t, upTo), nil), upTo)
	}
	require.Nil(t, w.scan(false, nil))
	require.Nil(t, w.scan(true, nil))
}

func TestEveryBrokenPromiseOfAReadIsFoundByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                string
		after, upTo, yields string
		promise, detail     string
	}{
		{"missing, empty", "-", "end", "", "ReadAfterWrite", "transactions 1 to 4 missing"},
		{"missing, empty after a bound", "3.1", "end", "", "ReadAfterWrite", "transaction 4 missing"},
		{"missing, empty after a bound inside", "4.1", "end", "", "ReadAfterWrite", "the rest of transaction 4 missing"},
		{"missing, empty before an upper bound between", "-", "3.+", "", "ReadAfterWrite", "transactions 1 to 3 missing"},
		{"missing, empty before an upper bound inside", "-", "4.1", "", "ReadAfterWrite", "transactions 1 to 3 missing"},
		{"missing at the begin", "-", "end", "3.0 3.1 4.0 4.1 4.2", "ReadAfterWrite", "transactions 1 to 2 missing"},
		{"missing after a bound inside, more", "1.1", "end", "3.0 3.1 4.0 4.1 4.2", "ReadAfterWrite", "the rest of transactions 1 to 2 missing"},
		{"missing after a bound inside, the rest", "1.1", "end", "2.0 3.0 3.1 4.0 4.1 4.2", "ReadAfterWrite", "the rest of transaction 1 missing"},
		{"missing after a bound inside, one record", "1.0", "end", "1.2 2.0 3.0 3.1 4.0 4.1 4.2", "Order", "1.2 is record 2 of its transaction, after record 0"},
		{"missing at the end", "-", "end", "1.0 1.1 1.2 2.0", "ReadAfterWrite", "transactions 3 to 4 missing"},
		{"missing at the end, with a bound", "1.2", "4.+", "2.0 3.0 3.1", "ReadAfterWrite", "transaction 4 missing"},
		{"missing in the middle", "-", "end", "1.0 1.1 1.2 3.0 3.1 4.0 4.1 4.2", "ReadAfterWrite", "transaction 2 missing"},
		{"missing last records", "-", "end", "1.0 1.1 1.2 2.0 3.0 3.1 4.0", "ReadAfterWrite", "the last 2 of 3 records of transaction 4 missing"},
		{"missing last records, to between", "2.+", "4.+", "3.0 3.1 4.0 4.1", "ReadAfterWrite", "the last 1 of 3 records of transaction 4 missing"},

		{"split at the end", "-", "end", "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2 5.0", "TransactionAtomicity", "the read ends inside transaction 5, after 1 of 2"},
		{"split in the middle", "-", "end", "1.0 1.1 1.2 2.0 3.0 4.0 4.1 4.2", "TransactionAtomicity", "transaction 3 stops after 1 of 2"},
		{"split at its begin", "-", "end", "1.0 1.1 1.2 2.0 3.1 4.0 4.1 4.2", "TransactionAtomicity", "transaction 3 starts with its record 1"},
		{"split at the begin of the read", "2.0", "end", "3.1 4.0 4.1 4.2", "TransactionAtomicity", "transaction 3 starts with its record 1"},
		{"split by a hole", "-", "end", "1.0 1.2 2.0 3.0 3.1 4.0 4.1 4.2", "Order", "1.2 is record 2 of its transaction, after record 0"},

		{"twice in a row", "-", "end", "1.0 1.1 1.1 1.2", "NoDuplicate", "1.1 came twice in a row"},
		{"twice, the file and then the tail", "-", "end", "1.0 1.1 1.2 2.0 1.0", "Order", "1.0 came after 2.0"},
		{"the wrong way round", "-", "end", "1.0 1.2 1.1", "Order", ""},
		{"transactions the wrong way round", "-", "end", "1.0 1.1 1.2 3.0 3.1 2.0", "ReadAfterWrite", "transaction 2 missing"},

		{"on the lower bound", "1.2", "end", "1.2 2.0 3.0 3.1 4.0 4.1 4.2", "NoPhantom", "1.2 lies outside the bounds (1.2, end]"},
		{"before the lower bound", "2.0", "end", "1.2", "NoPhantom", "outside the bounds"},
		{"after the upper bound", "2.0", "3.0", "3.0 3.1", "NoPhantom", "3.1 lies outside the bounds (2.0, 3.0]"},
		{"after an upper bound between", "2.0", "3.+", "3.0 3.1 4.0", "NoPhantom", "outside the bounds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := example()
			after, upTo := parse(t, c.after), parse(t, c.upTo)
			v := read(NewReader(w.board, w.values), w.bound(after), upTo, w.pick(t, c.yields))
			requirePromise(t, c.promise, c.detail, v)
			require.Equal(t, after, v.After)
			require.Equal(t, upTo, v.UpTo)
			require.EqualValues(t, 4, v.Acknowledged)
			require.ErrorContains(t, v, v.Promise.Sentence)
			correct := w.between(after, upTo)
			require.Nil(t, read(NewReader(w.board, w.values), w.bound(after), upTo, correct), "the clean counterpart")
		})
	}
}

// Each of these changes the first record of transaction 3, or what stands around it.
func TestEveryAlteredRecordIsFoundByName(t *testing.T) {
	t.Parallel()
	rekey := func(r *storage.Record, change func(id *Identity)) {
		id, _ := ParseKey(r.Key)
		change(&id)
		*r = storage.Record{Offset: r.Offset, Key: id.Key(nil), Operation: r.Operation, Value: r.Value}
	}
	for _, c := range []struct {
		name            string
		change          func(w *world, r *storage.Record)
		promise, detail string
	}{
		{"nothing", func(*world, *storage.Record) {}, "", ""},
		{"one bit of the value", func(_ *world, r *storage.Record) { r.Value[2] ^= 0x10 }, "NoCorruption", "3.0 has"},
		{"the value too short", func(_ *world, r *storage.Record) { r.Value = r.Value[:len(r.Value)-1] }, "NoCorruption", ""},
		{"the value too long", func(_ *world, r *storage.Record) { r.Value = append(r.Value, 0) }, "NoCorruption", ""},
		{"no value", func(_ *world, r *storage.Record) { r.Value = nil }, "NoCorruption", "3.0 has 0 bytes"},
		{"the operation", func(_ *world, r *storage.Record) { r.Operation++ }, "NoCorruption", ""},
		{"the value of another record", func(w *world, r *storage.Record) { r.Value = w.log[2][1].Value }, "NoCorruption", ""},
		{"the count", func(_ *world, r *storage.Record) { rekey(r, func(id *Identity) { id.Count = 1 }) }, "NoCorruption", ""},
		{"no key", func(_ *world, r *storage.Record) { r.Key = nil }, "NoPhantom", `3.0 has the key ""`},
		{"a foreign key", func(_ *world, r *storage.Record) { r.Key = []byte("nobody's") }, "NoPhantom", `"nobody's"`},
		{"a client that does not exist", func(_ *world, r *storage.Record) { rekey(r, func(id *Identity) { id.Client = 4 }) }, "NoPhantom", "client 4"},
		{"a client that cannot exist", func(_ *world, r *storage.Record) { rekey(r, func(id *Identity) { id.Client = 1 << 31 }) }, "NoPhantom", "never happened"},
		{"a client that did nothing", func(_ *world, r *storage.Record) { rekey(r, func(id *Identity) { id.Client = 3 }) }, "NoPhantom", "append 2 of client 3"},
		{"an append that was not invoked", func(_ *world, r *storage.Record) { rekey(r, func(id *Identity) { id.Sequence = 3 }) }, "NoPhantom", "append 3 of client 0, which never happened"},
		{"an aborted one", func(w *world, r *storage.Record) {
			id, _ := ParseKey(r.Key)
			id.Doomed = true
			at := r.Offset
			*r = w.values.Record(id)
			r.Offset = at
		}, "NoPhantom", "3.0 belongs to a transaction that client 0 aborted"},
		{"one of another append", func(w *world, r *storage.Record) {
			at := r.Offset
			*r = w.log[4][0].Clone() // of the same shape, by client 1
			r.Offset = at
		}, "TransactionAtomicity", "3.0 and 3.1 are of different appends under one number"},
		{"the record before it once more", func(w *world, r *storage.Record) {
			*r = w.log[2][1].Clone()
			r.Offset.Op = 0
		}, "TransactionAtomicity", "transaction 3 starts with its record 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := example()
			w.forget()
			records := w.pick(t, "2.0 3.0 3.1 4.0 4.1 4.2")
			c.change(w, &records[1])
			v := read(NewReader(w.board, w.values), Bound{Offset: parse(t, "1.+")}, storage.End, records)
			requirePromise(t, c.promise, c.detail, v)
			if v != nil && c.promise != "TransactionAtomicity" {
				require.Equal(t, parse(t, "3.0"), v.At)
			}
		})
	}
}

// If the values are empty, only the keys tell the records apart.
func TestCountsThatDisagreeAreFoundWithoutValues(t *testing.T) {
	t.Parallel()
	w := newWorld(1, Values{})
	w.append(0, 3)
	records := w.all()
	records[1].Key = Identity{Sequence: 1, Index: 1, Count: 2}.Key(nil)
	requirePromise(t, "TransactionAtomicity", "different appends", read(NewReader(w.board, w.values), Bound{}, storage.End, records))
}

func TestARecordTwiceUnderTwoOffsetsIsADuplicate(t *testing.T) {
	t.Parallel()
	w := example()
	records := w.pick(t, "3.0 3.0 3.1")
	records[1].Offset.Op, records[2].Offset.Op = 1, 2
	requirePromise(t, "NoDuplicate", "3.1 is record 0 of its transaction, as 3.0 is",
		read(NewReader(w.board, w.values), Bound{Offset: parse(t, "2.+")}, storage.End, records))
}

func TestARecordAfterTheEndOfItsTransactionIsFound(t *testing.T) {
	t.Parallel()
	w := example()
	records := w.pick(t, "3.0 4.0 4.1 4.2")
	records[0].Offset.Op = 2
	last := w.bound(parse(t, "3.1"))
	requirePromise(t, "TransactionAtomicity", "3.2 comes after 3.1, where its transaction was over",
		read(NewReader(w.board, w.values), Bound{Offset: last.Offset}, storage.End, records))
	requirePromise(t, "Order", "3.2 is record 0 of its transaction, after record 1",
		read(NewReader(w.board, w.values), last, storage.End, records))
}

// If a client has read a transaction, all earlier ones must be there too, even those that were not acknowledged yet.
func TestWhatAClientHasReadStaysReadableForIt(t *testing.T) {
	t.Parallel()
	w := example()
	reader := NewReader(w.board, w.values)
	require.Nil(t, read(reader, Bound{}, storage.End, w.all()))
	require.EqualValues(t, 5, reader.Seen())
	v := read(reader, Bound{}, storage.End, w.pick(t, "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2"))
	requirePromise(t, "MonotonicReads", "transaction 5 missing (this client had read it before)", v)
	require.Nil(t, read(NewReader(w.board, w.values), Bound{}, storage.End, w.pick(t, "1.0 1.1 1.2 2.0 3.0 3.1 4.0 4.1 4.2")), "another client")
	require.Nil(t, read(reader, Bound{Offset: parse(t, "4.+")}, storage.End, w.pick(t, "5.0 5.1")))
	requirePromise(t, "MonotonicReads", "transaction 5", read(reader, Bound{Offset: parse(t, "4.+")}, storage.End, nil))
}

func TestATransactionThatWasReadInPartIsNotSeen(t *testing.T) {
	t.Parallel()
	w := example()
	reader := NewReader(w.board, w.values)
	require.Nil(t, read(reader, Bound{Offset: parse(t, "4.+")}, parse(t, "5.0"), w.pick(t, "5.0")))
	require.Zero(t, reader.Seen())
	require.Nil(t, read(reader, w.bound(parse(t, "5.0")), storage.End, w.pick(t, "5.1")))
	require.EqualValues(t, 5, reader.Seen())
}

func TestAHoleThatNobodyWasToldOfIsOneOfOrder(t *testing.T) {
	t.Parallel()
	w := example()
	w.invoke(2, 1)
	requirePromise(t, "Order", "transaction 5 missing (left out, although later ones came)",
		read(NewReader(w.board, w.values), Bound{Offset: parse(t, "4.+")}, storage.End, w.pick(t, "6.0")))
}

// A transaction that is acknowledged during a read must be in the next read, not in this one.
func TestOnlyWhatWasAcknowledgedBeforeTheReadIsDue(t *testing.T) {
	t.Parallel()
	w := example()
	reader := NewReader(w.board, w.values)
	reader.Begin(Bound{Offset: parse(t, "4.+")}, storage.End)
	w.board.Acknowledge(1, 2, 5)
	require.Nil(t, reader.End())
	requirePromise(t, "ReadAfterWrite", "transaction 5", read(reader, Bound{Offset: parse(t, "4.+")}, storage.End, nil))
}

func TestFingerprintsTellTheShapesApart(t *testing.T) {
	t.Parallel()
	w := example()
	for want, yields := range map[string]string{
		"ReadAfterWrite/empty": "", "ReadAfterWrite/partial": "1.0 1.1 1.2", "NoDuplicate/record": "1.0 1.0",
	} {
		require.Equal(t, want, read(NewReader(w.board, w.values), Bound{}, storage.End, w.pick(t, yields)).Fingerprint())
	}
}

func TestEachPromiseIsListedOnceWithItsSentence(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, p := range Promises() {
		require.False(t, names[p.Name], p.Name)
		require.NotEmpty(t, p.Sentence)
		names[p.Name] = true
	}
	require.Len(t, names, 9)
	require.Equal(t, "unknown", Verdict(0).String(), "nothing checked is no pass")
	require.Equal(t, "satisfied VIOLATED", Satisfied.String()+" "+Violated.String())
}
