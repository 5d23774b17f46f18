package drive

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
)

// A Tail reads the events in a file while others write them.
type Tail struct {
	file *os.File
	rest []byte
}

// OpenTail opens the file, which it creates if necessary, and reads from its beginning.
func OpenTail(file string) (*Tail, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &Tail{file: f}, nil
}

// Take calls each with every event that was written since the last call. It skips lines that are no events; an incomplete
// line is read the next time.
func (t *Tail) Take(each func(Event)) {
	more, _ := io.ReadAll(t.file) // what cannot be read now is read the next time; if it never is, there is no verdict
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

// Close closes the file.
func (t *Tail) Close() error { return t.file.Close() }
