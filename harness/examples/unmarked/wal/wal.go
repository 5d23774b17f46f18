// Package wal is a map on a disk: each change is written to a log before it is made, and snapshots keep the log short.
package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sync"

	"github.com/racewindow/racewindow/harness/examples/files"
	"github.com/racewindow/racewindow/storage/disk"
)

// ErrBroken is returned by each change after one that failed, because nobody knows then what the disk holds. Open the map
// again.
var ErrBroken = errors.New("an earlier write failed")

// A Map keeps values by key on a disk. Many goroutines may use it at once.
//
// It guarantees:
//   - Each method takes effect at one moment between its call and its return.
//   - What Set and Delete did is durable when they return without an error: a loss of power does not take it away.
//   - A Snapshot changes nothing that can be seen.
//   - After an error of the disk, changes fail with ErrBroken until the map is opened again.
type Map struct {
	disk disk.Disk
	// emptiesLog makes Snapshot empty the log once the snapshot is on the disk, and go on in the same segment. That is a
	// bug: a change that was made while the snapshot was written is in neither.
	emptiesLog bool

	snapshots sync.Mutex // one at a time

	mu      sync.Mutex
	values  map[string]int
	segment int // number of the log's last segment
	log     disk.File
	end     int64 // where the next change goes
	broken  error
}

// Open opens the map on a disk, or creates it.
func Open(d disk.Disk) (*Map, error) {
	m := &Map{disk: d, values: map[string]int{}}
	return m, m.recover()
}

func openBuggy(d disk.Disk) (*Map, error) {
	m, err := Open(d)
	m.emptiesLog = true
	return m, err
}

// Get returns the value of a key, and whether it has one.
func (m *Map) Get(key string) (value int, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, found = m.values[key]
	return value, found
}

// Set sets the value of a key.
func (m *Map) Set(key string, value int) error {
	return m.change(files.Change{Key: key, Value: value})
}

// Delete forgets a key.
func (m *Map) Delete(key string) error {
	return m.change(files.Change{Key: key, Deleted: true})
}

func (m *Map) change(c files.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	frame := c.Frame()
	_, err := m.log.WriteAt(frame, m.end)
	if err == nil {
		err = m.log.Sync()
	}
	if err != nil {
		m.broken = ErrBroken
		return fmt.Errorf("write the log: %w", err)
	}
	m.end += int64(len(frame))
	c.Apply(m.values)
	return nil
}

// Snapshot writes all values to a file of their own, so that the log before it is no longer needed.
func (m *Map) Snapshot() error {
	m.snapshots.Lock()
	defer m.snapshots.Unlock()
	values, first, err := m.cut()
	if err != nil {
		return err
	}
	if err := files.WriteSnapshot(m.disk, files.Snapshot{First: first, Values: values}); err != nil {
		return err
	}
	if m.emptiesLog {
		return m.emptyLog()
	}
	return files.RemoveSegments(m.disk, first)
}

// cut copies the values, and returns the segment that takes the changes after them.
func (m *Map) cut() (values map[string]int, first int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, 0, m.broken
	}
	if !m.emptiesLog {
		if err := m.nextSegment(); err != nil {
			m.broken = ErrBroken
			return nil, 0, err
		}
	}
	return maps.Clone(m.values), m.segment, nil
}

func (m *Map) emptyLog() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.log.Truncate(0)
	if err == nil {
		err = m.log.Sync()
	}
	if err != nil {
		m.broken = ErrBroken
		return fmt.Errorf("empty the log: %w", err)
	}
	m.end = 0
	return nil
}

// nextSegment begins a segment. Its name is durable before anything is written to it.
func (m *Map) nextSegment() error {
	f, err := m.disk.Create(files.SegmentName(m.segment + 1))
	if err == nil {
		err = m.disk.SyncDir(".")
	}
	if err != nil {
		return fmt.Errorf("begin a segment: %w", err)
	}
	old := m.log
	m.log, m.segment, m.end = f, m.segment+1, 0
	if old != nil {
		return old.Close()
	}
	return nil
}

// Close closes the files.
func (m *Map) Close() error { return m.log.Close() }

// recover reads the snapshot and the segments after it.
func (m *Map) recover() error {
	s, err := files.ReadSnapshot(m.disk)
	if err != nil {
		return err
	}
	maps.Copy(m.values, s.Values)
	// Its name may not be durable yet: the Snapshot that wrote it may have failed at that. Until it is, the segments before it are
	// needed.
	if err := m.disk.SyncDir("."); err != nil {
		return err
	}
	if err := files.RemoveSegments(m.disk, s.First); err != nil {
		return err
	}
	for m.segment = s.First; ; m.segment++ {
		f, err := m.disk.Open(files.SegmentName(m.segment))
		switch {
		case errors.Is(err, fs.ErrNotExist) && m.log == nil:
			m.segment--
			return m.nextSegment()
		case errors.Is(err, fs.ErrNotExist):
			m.segment--
			return nil
		case err != nil:
			return err
		}
		if m.log != nil {
			_ = m.log.Close() // it was only read
		}
		m.log = f
		if m.end, err = files.Replay(f, m.values); err != nil {
			return err
		}
	}
}
