package object

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// A process sends its messages through a pipe, one write for each, so what was written before a kill is read after it. It
// announces a call before making it, and reports a return after it. So if the return of one operation was sent before the call
// of another, the first had returned before the second was called.

type messageKind uint8

const (
	opens     messageKind = iota // opens an object on a folder: the number is the program's, the text is the folder
	opened                       // the object is open
	refuses                      // the object cannot be opened, queried and closed: the text says why
	calls                        // an operation or a probe is called: its number
	returns                      // it has returned: its number, and its result as text
	gaveOpen                     // it has returned, and is indeterminate
	answered                     // all probes were called, as far as they return
	forgotten                    // the folder no longer counts: the object is closed in order, and the folder removed
	settled                      // all folders that earlier processes left are asked or open
	notOpened                    // the object cannot be opened for want of room: the text says why
	hasMet                       // one of its operations has met the want of room
	roomAgain                    // there is room again, and the open object is asked: calls and returns are now of probes
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

// tell returns an error if nobody listens any longer.
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

// mostText bounds the text of a message, so that a broken one cannot ask for huge memory.
const mostText = 64 << 20

// hear reads a message. It returns io.EOF at the end, and io.ErrUnexpectedEOF within a message that was cut short.
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
		return m, fmt.Errorf("a process sent something that is no message: kind %d, %d bytes", kind, length)
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
