package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

// A world is a log whose content is known, with the board that its clients would have written. It is no engine: what a
// read of it yields is up to the test.
type world struct {
	board     *Board
	values    Values
	sequences []uint32
	// log holds every transaction, visible or not, under its number less one.
	log [][]storage.Record
}

func newWorld(clients int, values Values) *world {
	return &world{board: NewBoard(clients), values: values, sequences: make([]uint32, clients)}
}

// invoke makes the next transaction of a client without acknowledging it, and returns its number.
func (w *world) invoke(client uint32, records int) (tx uint64) {
	w.sequences[client]++
	w.board.Invoke(client, w.sequences[client])
	tx = uint64(len(w.log) + 1)
	w.log = append(w.log, w.transaction(tx, Identity{Client: client, Sequence: w.sequences[client], Count: uint16(records)}))
	return tx
}

// append makes the next transaction of a client and acknowledges it.
func (w *world) append(client uint32, records int) {
	tx := w.invoke(client, records)
	w.board.Acknowledge(client, w.sequences[client], tx)
}

// transaction makes all records of the transaction that id.Count, id.Client and id.Sequence name.
func (w *world) transaction(tx uint64, id Identity) (records []storage.Record) {
	for i := range id.Count {
		id.Index = i
		r := w.values.Record(id)
		r.Offset = storage.Offset{Tx: tx, Op: uint64(i)}
		records = append(records, r)
	}
	return records
}

// between returns what a correct engine would yield.
func (w *world) between(after, upTo storage.Offset) (records []storage.Record) {
	for _, transaction := range w.log {
		for _, r := range transaction {
			if after.Before(r.Offset) && !upTo.Before(r.Offset) {
				records = append(records, r.Clone())
			}
		}
	}
	return records
}

func (w *world) all() []storage.Record { return w.between(storage.Offset{}, storage.End) }

// pick returns the records with these offsets, in this order, whether a correct engine would yield them or not.
func (w *world) pick(t *testing.T, offsets string) (records []storage.Record) {
	t.Helper()
	for word := range strings.FieldsSeq(offsets) {
		at := parse(t, word)
		require.LessOrEqual(t, at.Tx, uint64(len(w.log)), word)
		require.Less(t, at.Op, uint64(len(w.log[at.Tx-1])), word)
		records = append(records, w.log[at.Tx-1][at.Op].Clone())
	}
	return records
}

// bound is the lower bound of a read that goes on after that offset, with what a client would know of it.
func (w *world) bound(at storage.Offset) Bound {
	if at.Tx == 0 || at.Tx > uint64(len(w.log)) || at.Op >= uint64(len(w.log[at.Tx-1])) {
		return Bound{Offset: at}
	}
	id, _ := ParseKey(w.log[at.Tx-1][at.Op].Key)
	return Bound{Offset: at, Record: id}
}

// parse reads an offset: "-", "end", "3.1", or "3.+" for after all records of a transaction.
func parse(t *testing.T, text string) (o storage.Offset) {
	t.Helper()
	switch {
	case text == "-":
		return storage.Offset{}
	case text == "end":
		return storage.End
	case strings.HasSuffix(text, ".+"):
		o.Op = storage.End.Op
		_, err := fmt.Sscanf(text, "%d.+", &o.Tx)
		require.NoError(t, err, text)
		return o
	}
	_, err := fmt.Sscanf(text, "%d.%d", &o.Tx, &o.Op)
	require.NoError(t, err, text)
	return o
}

// read has a reader check a read that yields these records.
func read(reader *Reader, after Bound, upTo storage.Offset, records []storage.Record) *Violation {
	reader.Begin(after, upTo)
	return yield(reader, records)
}

func yield(reader *Reader, records []storage.Record) *Violation {
	for _, r := range records {
		if v := reader.Record(r); v != nil {
			return v
		}
	}
	return reader.End()
}

// scan has a fresh scan check a log of these records.
func (w *world) scan(reopened bool, records []storage.Record) *Violation {
	s := NewScan(w.board, w.values, reopened)
	for _, r := range records {
		if v := s.Record(r); v != nil {
			return v
		}
	}
	return s.End()
}

// requirePromise requires a violation of that promise whose detail contains that text. For "" it requires that there is none.
func requirePromise(t *testing.T, promise, detail string, v *Violation) {
	t.Helper()
	if promise == "" {
		require.Nil(t, v)
		return
	}
	require.NotNil(t, v, "expected a violation of %s", promise)
	require.Equal(t, promise, v.Promise.Name, v.Detail)
	require.Contains(t, v.Detail, detail)
}
