package check

import (
	"fmt"
	"iter"
	"math"

	"github.com/racewindow/racewindow/storage"
)

// A Client appends to a log and reads it: it numbers its appends and publishes them on the board, and it checks its reads. One
// goroutine may use it, under a scheduler or not.
type Client struct {
	Number uint32
	Reader *Reader
	// Sequence is the number of its last transaction, Doomed that of the last one that it aborts. The two count separately.
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

// Renew resets the client to what NewClient returned.
func (c *Client) Renew() {
	c.Reader.renew()
	*c = Client{Number: c.Number, Reader: c.Reader, board: c.board, values: c.values}
}

// Invoke returns the identity of the client's next transaction, which it is about to append, or to abort if it is doomed.
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

// Acknowledge records that the client's last append returned an offset.
func (c *Client) Acknowledge(at storage.Offset) { c.board.Acknowledge(c.Number, c.Sequence, at.Tx) }

// Fail records that the client's last append returned an error, so it may or may not have happened.
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

// Records makes the records of a transaction of this client.
func (c *Client) Records(id Identity) []storage.Record { return c.values.Transaction(id) }

// Whole is the bound after every record of a transaction and before the next one; zero for transaction 0.
func Whole(tx uint64) storage.Offset {
	if tx == 0 {
		return storage.Offset{}
	}
	return storage.Offset{Tx: tx, Op: math.MaxUint64}
}

// Check checks a read, record by record. Reader.Begin must have been called. err is the error that ended the read early; then
// nothing is known about missing records.
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

// End follows Check. It checks that nothing is missing, and remembers where the read ended.
func (c *Client) End() *Violation {
	v := c.Reader.End()
	if at, id := c.Reader.Last(); c.Reader.Got() > 0 {
		c.Last = Bound{Offset: at, Record: id}
	}
	return v
}

// Mine checks that a read of one transaction yielded the client's last append, which was acknowledged at that offset.
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
