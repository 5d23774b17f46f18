package object

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// What a process tells before it is killed goes through a pipe, one write for each message: what was written before the kill is read
// after it. A call is told before it is made, and a return after it. So of two operations, one of which is told to have returned
// before the other is told to be called, the first had returned before the second was called.

type messageKind uint8

const (
	opens     messageKind = iota // an object on a folder: the number is the program's, the text the folder
	opened                       // it is open
	refuses                      // it cannot be opened, asked and closed: the text says why
	calls                        // an operation or a probe, by its number
	returns                      // with the result as text
	gaveOpen                     // returns, and whether it took effect is open
	answered                     // all probes that do not wait
	forgotten                    // the folder is of no interest any more: it is closed in order, and removed
	settled                      // all folders that were there before are asked or open
	notOpened                    // it cannot be opened for want of room: the text says why
	hasMet                       // an operation of it has met the want of room
	roomAgain                    // there is room again, and the open object is asked: calls and returns are of probes
	numberOfMessages
)

// A message is about one object.
type message struct {
	kind       messageKind
	of, number uint64
	text       string
}

// A teller sends messages, one at a time.
type teller struct {
	mu   sync.Mutex
	to   io.Writer
	line []byte
}

// tell returns an error if nobody listens any more.
func (t *teller) tell(m message) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line = append(t.line[:0], byte(m.kind))
	t.line = binary.AppendUvarint(t.line, m.of)
	t.line = binary.AppendUvarint(t.line, m.number)
	t.line = binary.AppendUvarint(t.line, uint64(len(m.text)))
	t.line = append(t.line, m.text...)
	_, err := t.to.Write(t.line)
	return err
}

// mostText bounds a message, so that a broken one asks for no memory.
const mostText = 64 << 20

// hear reads a message. At the end, and within one that was cut short, it returns io.EOF or io.ErrUnexpectedEOF.
func hear(from *bufio.Reader) (m message, err error) {
	kind, err := from.ReadByte()
	if err != nil {
		return m, err
	}
	m.kind = messageKind(kind)
	var length uint64
	for _, field := range []*uint64{&m.of, &m.number, &length} {
		if *field, err = binary.ReadUvarint(from); err != nil {
			return m, cutShort(err)
		}
	}
	if m.kind >= numberOfMessages || length > mostText {
		return m, fmt.Errorf("a process told what is no message: kind %d, %d bytes", kind, length)
	}
	text := make([]byte, length)
	if _, err = io.ReadFull(from, text); err != nil {
		return m, cutShort(err)
	}
	m.text = string(text)
	return m, nil
}

func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
