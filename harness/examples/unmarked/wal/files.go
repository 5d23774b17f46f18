package wal

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

// A change is one entry of the log.
type change struct {
	Key     string
	Value   int
	Deleted bool
}

func (c change) apply(values map[string]int) {
	if c.Deleted {
		delete(values, c.Key)
	} else {
		values[c.Key] = c.Value
	}
}

// headBytes are the length and the checksum before the content of a frame.
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

func (c change) frame() []byte { return frameOf(c) }

// unframe reads a frame into content and returns what is after it. It is not whole where a write was cut short.
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

// replay makes the changes of a segment, and cuts a last one that was not written whole: nobody was told that it is durable.
func replay(f disk.File, values map[string]int) (end int64, err error) {
	data, err := read(f)
	if err != nil {
		return 0, err
	}
	for rest := data; ; {
		var c change
		next, whole := unframe(rest, &c)
		if !whole {
			break
		}
		c.apply(values)
		end, rest = end+int64(len(rest)-len(next)), next
	}
	if end < int64(len(data)) {
		err = errors.Join(f.Truncate(end), f.Sync())
	}
	return end, err
}

func segmentName(number int) string { return fmt.Sprintf("log-%06d", number) }

// removeSegments removes those before first.
func removeSegments(d disk.Disk, first int) error {
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

// A snapshot holds the values before the segment First.
type snapshot struct {
	First  int
	Values map[string]int
}

const (
	snapshotName = "snapshot"
	newName      = "snapshot.new"
)

// writeSnapshot replaces the snapshot in one step, which is durable when it returns.
func writeSnapshot(d disk.Disk, s snapshot) error {
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

func readSnapshot(d disk.Disk) (snapshot, error) {
	s := snapshot{First: 1}
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
