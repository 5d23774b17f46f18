package storage

import (
	"cmp"
	"fmt"
	"math"
)

// An Offset names a place in a log: a transaction, then an operation within it. The zero Offset lies before every record.
type Offset struct{ Tx, Op uint64 }

// End lies past every record.
var End = Offset{Tx: math.MaxUint64, Op: math.MaxUint64}

// Compare returns -1, 0 or 1 as o lies before, at or past other.
func (o Offset) Compare(other Offset) int {
	if c := cmp.Compare(o.Tx, other.Tx); c != 0 {
		return c
	}
	return cmp.Compare(o.Op, other.Op)
}

// Before says whether o lies before other.
func (o Offset) Before(other Offset) bool {
	return o.Tx < other.Tx || o.Tx == other.Tx && o.Op < other.Op
}

// String prints the offset as Tx.Op, the zero offset as "-" and End as "end".
func (o Offset) String() string {
	switch o {
	case Offset{}:
		return "-"
	case End:
		return "end"
	}
	return fmt.Sprintf("%d.%d", o.Tx, o.Op)
}

func earlier(a, b Offset) Offset {
	if b.Before(a) {
		return b
	}
	return a
}

// An Operation says what a record does to its key. The log stores it and does not interpret it.
type Operation uint8

const (
	// Insert adds a key.
	Insert Operation = iota
	// Update changes a key.
	Update
	// Delete removes a key.
	Delete
)

// A Record is one entry of a transaction.
//
// Key and Value of a record that Read yields belong to the log: do not change them. They are valid only until the next
// step of the iteration; use Clone to keep them.
type Record struct {
	// Offset is assigned by Append; AppendAt takes it from the caller.
	Offset Offset
	// Key is at most MaxKeyBytes long.
	Key []byte
	// Operation is stored and not interpreted.
	Operation Operation
	// Value is at most Options.MaxValueBytes long.
	Value []byte
}

// MaxKeyBytes is the length of the longest key.
const MaxKeyBytes = math.MaxUint16

// Clone returns a copy that shares no memory with the log.
func (r Record) Clone() Record {
	r.Key = append([]byte(nil), r.Key...)
	r.Value = append([]byte(nil), r.Value...)
	return r
}
