package kill

import (
	"encoding/binary"
	"io"
	"os"
)

// A message goes from a child to its parent, in one write to a pipe, which is never torn. The parent receives every message that
// is in the pipe when the child is killed.
type message struct {
	kind             messageKind
	client, sequence uint32
	tx               uint64
}

type messageKind uint8

const (
	// opened: the log is recovered, tx is its last transaction; clients begin.
	opened messageKind = iota + 1
	// acknowledged: the client's append returned, as transaction tx.
	acknowledged
	// durable: everything up to transaction tx is durable.
	durable
	// failed: the client's append returned an error; it may or may not be there.
	failed
	// poisoned: the log refuses appends and flushes, and did so twice.
	poisoned
	// full: a flush found no room. resumed: after room was made, a flush succeeded.
	full
	resumed
	// reopened: the client closed the store beside the others, and opened it again.
	reopened
	// waited: the client made appends wait, and called them off.
	waited
)

const messageBytes = 17

func (m message) send(to *os.File) error {
	b := append(make([]byte, 0, messageBytes), byte(m.kind))
	b = binary.LittleEndian.AppendUint32(b, m.client)
	b = binary.LittleEndian.AppendUint32(b, m.sequence)
	b = binary.LittleEndian.AppendUint64(b, m.tx)
	_, err := to.Write(b)
	return err
}

// receive returns the next message. The error is io.EOF at the end.
func receive(from io.Reader) (m message, err error) {
	var b [messageBytes]byte
	if _, err := io.ReadFull(from, b[:]); err != nil {
		return m, err
	}
	return message{
		messageKind(b[0]), binary.LittleEndian.Uint32(b[1:]), binary.LittleEndian.Uint32(b[5:]), binary.LittleEndian.Uint64(b[9:]),
	}, nil
}
