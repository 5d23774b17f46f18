// Package strange is a map in a folder, written as anybody would write it: with package os, and without a thought for
// tests.
package strange

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// A Map keeps values by key in a folder. Many goroutines may use it at once.
//
// What Set and Delete did is durable when they return without an error. Compact changes nothing that can be seen.
type Map struct {
	folder string
	// trusts makes Compact empty the log before the snapshot's name is durable. That is a bug: a loss of power may take
	// the name.
	trusts bool

	mu     sync.Mutex
	values map[string]int
	log    *os.File
	broken error
}

// A change is one line of the log.
type change struct {
	Key     string
	Value   int
	Deleted bool `json:",omitempty"`
}

// Open opens the map in a folder that exists.
func Open(folder string) (*Map, error) {
	m := &Map{folder: folder, values: map[string]int{}}
	if err := m.readSnapshot(); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(folder, "log"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if m.log = log; m.replay() != nil || syncFolder(folder) != nil {
		return nil, errors.Join(fmt.Errorf("read the log in %s", folder), log.Close())
	}
	return m, nil
}

// Get returns the value of a key, and whether it has one.
func (m *Map) Get(key string) (value int, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, found = m.values[key]
	return value, found
}

// Set sets the value of a key.
func (m *Map) Set(key string, value int) error { return m.change(change{Key: key, Value: value}) }

// Delete forgets a key.
func (m *Map) Delete(key string) error { return m.change(change{Key: key, Deleted: true}) }

// Compact writes all values to a snapshot, and empties the log.
func (m *Map) Compact() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	m.broken = m.compact()
	return m.broken
}

func (m *Map) compact() error {
	body, err := json.Marshal(m.values)
	if err != nil {
		return err
	}
	name := filepath.Join(m.folder, "snapshot")
	if err := writeDurably(name+".new", frame(body)); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	if !m.trusts {
		if err := syncFolder(m.folder); err != nil {
			return err
		}
	}
	if err := m.log.Truncate(0); err != nil {
		return err
	}
	if _, err := m.log.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return m.log.Sync()
}

// Close closes the log.
func (m *Map) Close() error { return m.log.Close() }

func (m *Map) change(c change) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	if _, err = m.log.Write(frame(body)); err == nil {
		err = m.log.Sync()
	}
	if m.broken = err; err == nil {
		m.apply(c)
	}
	return err
}

func (m *Map) apply(c change) {
	if c.Deleted {
		delete(m.values, c.Key)
		return
	}
	m.values[c.Key] = c.Value
}

// frame returns a body with its length and its checksum in front.
func frame(body []byte) []byte {
	framed := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
	framed = binary.LittleEndian.AppendUint32(framed, crc32.ChecksumIEEE(body))
	return append(framed, body...)
}

// next reads a frame. It returns io.EOF if there is no complete one.
func next(r io.Reader) (body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, io.EOF
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length == 0 || length > 1<<20 {
		return nil, io.EOF
	}
	body = make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil || crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, io.EOF
	}
	return body, nil
}

// replay applies the changes of the log. It cuts an incomplete end, so that the next change is written where it will be
// read.
func (m *Map) replay() error {
	end, reader := int64(0), bufio.NewReader(m.log)
	for {
		body, err := next(reader)
		if err == io.EOF {
			break
		}
		var c change
		if err := json.Unmarshal(body, &c); err != nil {
			return err
		}
		m.apply(c)
		end += int64(len(frame(body)))
	}
	if err := m.log.Truncate(end); err != nil {
		return err
	}
	if _, err := m.log.Seek(end, io.SeekStart); err != nil {
		return err
	}
	return m.log.Sync()
}

func (m *Map) readSnapshot() error {
	file, err := os.Open(filepath.Join(m.folder, "snapshot"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer file.Close()
	body, err := next(file)
	if err != nil {
		return fmt.Errorf("the snapshot in %s is damaged", m.folder)
	}
	return json.Unmarshal(body, &m.values)
}

func writeDurably(name string, content []byte) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
