// Package files reads and writes the files of a map that has a log and snapshots: frames with a checksum, segments, and
// the snapshot.
package files

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/racewindow/racewindow/storage/disk"
)

// A Change is one entry of the log.
type Change struct {
	Key     string
	Value   int
	Deleted bool
}

// Apply makes the change.
func (c Change) Apply(values map[string]int) {
	if c.Deleted {
		delete(values, c.Key)
	} else {
		values[c.Key] = c.Value
	}
}

// headBytes is the size of the length and the checksum in front of a frame's content.
const headBytes = 8

func frameOf(content any) []byte {
	text, err := json.Marshal(content)
	if err != nil {
		panic(err) // it holds nothing that JSON cannot
	}
	frame := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	frame = binary.LittleEndian.AppendUint32(frame, crc32.ChecksumIEEE(text))
	return append(frame, text...)
}

// Frame returns the change as it is stored in a segment.
func (c Change) Frame() []byte { return frameOf(c) }

// unframe reads a frame into content and returns what follows it. whole is false if the frame's write was cut short.
func unframe(data []byte, content any) (rest []byte, whole bool) {
	if len(data) < headBytes {
		return nil, false
	}
	n, sum := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])
	if n == 0 || uint64(len(data)-headBytes) < uint64(n) {
		return nil, false
	}
	text := data[headBytes : headBytes+n]
	if crc32.ChecksumIEEE(text) != sum || json.Unmarshal(text, content) != nil {
		return nil, false
	}
	return data[headBytes+n:], true
}

func read(f disk.File) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, 0, size))
}

// Replay applies the changes of a segment. It cuts an incomplete last one: nobody was told that it is durable.
func Replay(f disk.File, values map[string]int) (end int64, err error) {
	data, err := read(f)
	if err != nil {
		return 0, err
	}
	for rest := data; ; {
		var c Change
		next, whole := unframe(rest, &c)
		if !whole {
			break
		}
		c.Apply(values)
		end, rest = end+int64(len(rest)-len(next)), next
	}
	if end < int64(len(data)) {
		err = errors.Join(f.Truncate(end), f.Sync())
	}
	return end, err
}

// SegmentName returns the name of a segment's file.
func SegmentName(number int) string { return fmt.Sprintf("log-%06d", number) }

// RemoveSegments removes the segments before first.
func RemoveSegments(d disk.Disk, first int) error {
	entries, err := d.List(".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		var number int
		if n, _ := fmt.Sscanf(e.Name, "log-%d", &number); n == 1 && number < first {
			if err := d.Remove(e.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// A Snapshot holds the values from before the segment First.
type Snapshot struct {
	First  int
	Values map[string]int
}

const (
	snapshotName = "snapshot"
	newName      = "snapshot.new"
)

// WriteSnapshot replaces the snapshot in one step. It is durable when WriteSnapshot returns.
func WriteSnapshot(d disk.Disk, s Snapshot) error {
	f, err := d.Create(newName)
	if err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	_, err = f.WriteAt(frameOf(s), 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.Rename(newName, snapshotName)
	}
	if err == nil {
		err = d.SyncDir(".")
	}
	if err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	return nil
}

// ReadSnapshot reads the snapshot. If there is none yet, it is empty.
func ReadSnapshot(d disk.Disk) (Snapshot, error) {
	s := Snapshot{First: 1}
	f, err := d.Open(snapshotName)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	data, err := read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return s, err
	}
	if _, whole := unframe(data, &s); !whole {
		return s, fmt.Errorf("%s is damaged: restore it from a copy", snapshotName)
	}
	return s, nil
}
