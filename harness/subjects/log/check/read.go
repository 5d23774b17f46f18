package check

import (
	"fmt"
	"math"

	"github.com/racewindow/racewindow/storage"
)

// A Reader checks the reads of one client, one after the other. One goroutine may use it.
type Reader struct {
	board  *Board
	values Values
	// seen is the highest transaction of which this client has read every record.
	seen uint64
	// Records counts the records that were checked, Shared those of transactions with several records, Filled those with a
	// value.
	Records, Shared, Filled uint64
	scratch                 []byte
	read                    readState
}

type readState struct {
	after, upTo  storage.Offset
	acknowledged uint64
	previous     storage.Offset
	identity     Identity // of previous
	got          int
}

// NewReader makes the checker of one client's reads.
func NewReader(board *Board, values Values) *Reader { return &Reader{board: board, values: values} }

func (c *Reader) renew() {
	*c = Reader{board: c.board, values: c.values, scratch: c.scratch}
}

// A Bound is the lower bound of a read, and what is known about it.
type Bound struct {
	Offset storage.Offset
	// Record is the identity of the record at Offset. Without it, Offset must be zero, or the last record of a transaction or
	// after it.
	Record Identity
}

// Begin must be called before the read is invoked. It notes what has been acknowledged so far.
func (c *Reader) Begin(after Bound, upTo storage.Offset) {
	c.read = readState{after: after.Offset, identity: after.Record, upTo: upTo, acknowledged: c.board.Acknowledged()}
}

// Acknowledged is what had been acknowledged when the read began.
func (c *Reader) Acknowledged() uint64 { return c.read.acknowledged }

// Seen is the highest transaction of which this client has read every record.
func (c *Reader) Seen() uint64 { return c.seen }

// Got is how many records the read has yielded.
func (c *Reader) Got() int { return c.read.got }

// Last is the offset and identity of the last record that the read yielded; the zero offset if it yielded none.
func (c *Reader) Last() (storage.Offset, Identity) {
	if c.read.got == 0 {
		return storage.Offset{}, Identity{}
	}
	return c.read.previous, c.read.identity
}

// left is how many records of the transaction of the last record, or of the lower bound, are still to come.
func (s *readState) left() int { return max(0, int(s.identity.Count)-1-int(s.identity.Index)) }

// Record checks the next record of the read.
func (c *Reader) Record(r storage.Record) *Violation {
	s := &c.read
	id, ok := ParseKey(r.Key)
	if v := c.checkPlace(r.Offset); v != nil {
		return v
	}
	if v := c.checkContent(r, id, ok); v != nil {
		return v
	}
	if v := c.checkSequel(r.Offset, id); v != nil {
		return v
	}
	if client, sequence, other := c.board.otherOwner(id.Client, id.Sequence, r.Offset.Tx); other {
		return c.violation(ReadAfterWrite, r.Offset, "%v holds append %d of client %d, but transaction %d was acknowledged to client %d as its append %d", r.Offset, id.Sequence, id.Client, r.Offset.Tx, client, sequence)
	}
	s.previous, s.identity = r.Offset, id
	s.got++
	c.Records++
	if id.Count > 1 {
		c.Shared++
	}
	if len(r.Value) > 0 {
		c.Filled++
	}
	return nil
}

// checkPlace compares the offset with the bounds and with the record before.
func (c *Reader) checkPlace(at storage.Offset) *Violation {
	s := &c.read
	switch {
	case at == s.previous && s.got > 0:
		return c.violation(NoDuplicate, at, "%v came twice in a row", at)
	case !s.previous.Before(at) && s.got > 0:
		return c.violation(Order, at, "%v came after %v", at, s.previous)
	case !s.after.Before(at) || s.upTo.Before(at):
		return c.violation(NoPhantom, at, "%v lies outside the bounds (%v, %v]", at, s.after, s.upTo)
	}
	return nil
}

// checkContent compares the record with what was appended.
func (c *Reader) checkContent(r storage.Record, id Identity, parsed bool) *Violation {
	switch {
	case !parsed:
		return c.violation(NoPhantom, r.Offset, "%v has the key %.40q, which nobody appended", r.Offset, r.Key)
	case id.Doomed:
		return c.violation(NoPhantom, r.Offset, "%v belongs to a transaction that client %d aborted", r.Offset, id.Client)
	case !c.board.invoked(id.Client, id.Sequence):
		return c.violation(NoPhantom, r.Offset, "%v says it is append %d of client %d, which never happened", r.Offset, id.Sequence, id.Client)
	}
	var same bool
	if same, c.scratch = c.values.intact(r, id, c.scratch); !same {
		return c.violation(NoCorruption, r.Offset, "%v has %d bytes of value that are not what client %d appended", r.Offset, len(r.Value), id.Client)
	}
	return nil
}

// checkSequel compares the record with the one before, or with the lower bound: it must continue the same transaction, or begin
// the next one after a whole transaction.
func (c *Reader) checkSequel(at storage.Offset, id Identity) *Violation {
	s := &c.read
	previous, before := s.previous, s.identity
	if s.got == 0 {
		previous = s.after
	}
	switch {
	case at.Tx == previous.Tx && before.Count > 0:
		return c.checkInside(previous, at, id)
	case at.Tx == previous.Tx:
		return c.violation(TransactionAtomicity, at, "%v comes after %v, where its transaction was over", at, previous)
	case s.left() > 0 && s.got > 0:
		return c.violation(TransactionAtomicity, at, "transaction %d stops after %d of %d records", previous.Tx, before.Index+1, before.Count)
	case s.left() > 0:
		return c.missing(previous.Tx, at.Tx-1)
	case at.Tx != previous.Tx+1:
		return c.missing(previous.Tx+1, at.Tx-1)
	case id.Index != 0:
		return c.violation(TransactionAtomicity, at, "transaction %d starts with its record %d", at.Tx, id.Index)
	case s.got > 0:
		c.seen = max(c.seen, previous.Tx)
	}
	return nil
}

// checkInside compares a record with the one before in the same transaction.
func (c *Reader) checkInside(previous, at storage.Offset, id Identity) *Violation {
	before := c.read.identity
	switch {
	case id.Client != before.Client || id.Sequence != before.Sequence || id.Count != before.Count:
		return c.violation(TransactionAtomicity, at, "%v and %v are of different appends under one number", previous, at)
	case id.Index == before.Index:
		return c.violation(NoDuplicate, at, "%v is record %d of its transaction, as %v is", at, id.Index, previous)
	case id.Index != before.Index+1:
		return c.violation(Order, at, "%v is record %d of its transaction, after record %d", at, id.Index, before.Index)
	}
	return nil
}

// End checks, when the read is over, that it yielded everything that it had to.
func (c *Reader) End() *Violation {
	s := &c.read
	next := s.after.Tx + 1 // the first transaction of which nothing came
	if s.left() > 0 {
		next = s.after.Tx
	}
	if s.got > 0 {
		next = s.previous.Tx + 1
		if left := s.left(); left > 0 && (s.previous.Tx != s.upTo.Tx || s.upTo.Op == math.MaxUint64) {
			if s.previous.Tx <= s.acknowledged {
				v := c.violation(ReadAfterWrite, s.previous, "the last %d of %d records of transaction %d missing (acknowledged before the read began)", left, s.identity.Count, s.previous.Tx)
				v.MissingFrom, v.MissingTo = s.previous.Tx, s.previous.Tx
				return v
			}
			return c.violation(TransactionAtomicity, s.previous, "the read ends inside transaction %d, after %d of %d records", s.previous.Tx, s.identity.Index+1, s.identity.Count)
		} else if left == 0 {
			c.seen = max(c.seen, s.previous.Tx)
		}
	}
	must := max(s.acknowledged, c.seen)
	if s.upTo.Tx < math.MaxUint64 && s.upTo.Op < math.MaxUint64 {
		must = min(must, s.upTo.Tx-min(s.upTo.Tx, 1)) // how much of the bound's own transaction must come is not known
	} else {
		must = min(must, s.upTo.Tx)
	}
	if s.after.Tx <= next && next <= must { // next wraps around to 0 after the highest number
		return c.missing(next, must)
	}
	return nil
}

// missing is the violation that transactions are missing.
func (c *Reader) missing(from, to uint64) *Violation {
	s := &c.read
	promise, detail := ReadAfterWrite, "acknowledged before the read began"
	switch {
	case from > max(s.acknowledged, c.seen):
		promise, detail = Order, "left out, although later ones came"
	case from > s.acknowledged:
		promise, detail = MonotonicReads, "this client had read it before"
	}
	name := fmt.Sprintf("transaction %d", from)
	if to > from {
		name = fmt.Sprintf("transactions %d to %d", from, to)
	}
	if from == s.after.Tx {
		name = "the rest of " + name
	}
	v := c.violation(promise, storage.Offset{}, "%s missing (%s)", name, detail)
	v.MissingFrom, v.MissingTo = from, to
	return v
}

func (c *Reader) violation(p Promise, at storage.Offset, format string, args ...any) *Violation {
	s := &c.read
	return &Violation{
		Promise: p, Detail: fmt.Sprintf(format, args...),
		After: s.after, UpTo: s.upTo, Acknowledged: s.acknowledged, Got: s.got, At: at,
	}
}
