package drive

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
)

// A Tail reads the events of a file while others write them.
type Tail struct {
	file *os.File
	rest []byte
}

// OpenTail makes the file, if it is not there, and reads it from its beginning.
func OpenTail(file string) (*Tail, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &Tail{file: f}, nil
}

// Take calls each with every event that has been written since. A line that is no event is passed over; one that has no end yet is
// read the next time.
func (t *Tail) Take(each func(Event)) {
	more, _ := io.ReadAll(t.file) // what cannot be read now is read the next time, or missed and then no verdict
	t.rest = append(t.rest, more...)
	for {
		line, after, whole := bytes.Cut(t.rest, []byte("\n"))
		if !whole {
			return
		}
		t.rest = after
		var e Event
		if json.Unmarshal(line, &e) == nil {
			each(e)
		}
	}
}

// Close gives the file back.
func (t *Tail) Close() error { return t.file.Close() }
