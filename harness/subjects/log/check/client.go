package check

import (
	"fmt"
	"iter"
	"math"

	"github.com/racewindow/racewindow/storage"
)

// A Client is one goroutine that appends to a log and reads it, whatever drives it: what it appends is numbered and published on the
// board, and what it reads is checked. It is for one goroutine.
type Client struct {
	Number uint32
	Reader *Reader
	// Sequence and Doomed are the last numbers that its transactions were given, those that it aborts apart from the others.
	Sequence, Doomed uint32
	// Last is where the newest read of this client ended.
	Last Bound

	board  *Board
	values Values
}

// NewClient makes a client with a number below that of the board's clients.
func NewClient(number uint32, board *Board, values Values) Client {
	return Client{Number: number, Reader: NewReader(board, values), board: board, values: values}
}

// Invoke is the identity of the client's next transaction, which it is about to append; or to abort, if it is doomed.
func (c *Client) Invoke(records int, doomed bool) Identity {
	id := Identity{Client: c.Number, Count: uint16(records), Doomed: doomed}
	if doomed {
		c.Doomed++
		id.Sequence = c.Doomed
		return id
	}
	c.Sequence++
	id.Sequence = c.Sequence
	c.board.Invoke(c.Number, c.Sequence)
	return id
}

// Acknowledge says that the client's last append returned that offset.
func (c *Client) Acknowledge(at storage.Offset) { c.board.Acknowledge(c.Number, c.Sequence, at.Tx) }

// Fail says that the client's last append returned an error, so that nobody knows what became of it.
func (c *Client) Fail() { c.board.Fail(c.Number, c.Sequence) }

// Transaction makes the records of a transaction.
func (v Values) Transaction(id Identity) []storage.Record {
	records := make([]storage.Record, id.Count)
	for i := range records {
		id.Index = uint16(i)
		records[i] = v.Record(id)
	}
	return records
}

// Records makes those of a transaction of the client's.
func (c *Client) Records(id Identity) []storage.Record { return c.values.Transaction(id) }

// Whole is the bound after every record of a transaction and before the next one; zero for transaction 0.
func Whole(tx uint64) storage.Offset {
	if tx == 0 {
		return storage.Offset{}
	}
	return storage.Offset{Tx: tx, Op: math.MaxUint64}
}

// Check checks a read whose bounds the reader was told, record by record. err is what ended it before its time; then nothing is known
// of what is missing.
func (c *Client) Check(records iter.Seq2[storage.Record, error]) (v *Violation, err error) {
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		if v := c.Reader.Record(r); v != nil {
			return v, nil
		}
	}
	return nil, nil
}

// End checks, after Check, that nothing is missing, and remembers where the read ended.
func (c *Client) End() *Violation {
	v := c.Reader.End()
	if at, id := c.Reader.Last(); c.Reader.Got() > 0 {
		c.Last = Bound{Offset: at, Record: id}
	}
	return v
}

// Mine checks that a read of the one transaction at has yielded what the client appended last, which was acknowledged as that.
func (c *Client) Mine(at storage.Offset) *Violation {
	last, found := c.Reader.Last()
	if last == at && found.Client == c.Number && found.Sequence == c.Sequence {
		return nil
	}
	return &Violation{
		Promise: ReadAfterWrite, After: storage.Offset{Tx: at.Tx - 1}, UpTo: at, Acknowledged: at.Tx, Got: c.Reader.Got(), At: last,
		Detail: fmt.Sprintf("append %d of client %d was acknowledged as %v, where append %d of client %d is", c.Sequence, c.Number, at, found.Sequence, found.Client),
	}
}
