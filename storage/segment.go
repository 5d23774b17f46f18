package storage

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"syscall"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// A segment is one file of a log: a header, then frames. It holds the positions from start to the next segment's start.
//
//	byte  0              8       12      16              24      28
//	      +--------------+-------+-------+---------------+-------+-----
//	      | "RACEWLOG"   |version| 0     | start         | CRC   | frames …
//	      +--------------+-------+-------+---------------+-------+-----
//
// (The CRC is the CRC-32C of the bytes before it; padding up to segmentHeaderBytes follows. Later versions keep these
// fields.) The file's name is start in hexadecimal. Its first frame is the first of a transaction.
//
// The suffix of the name says what was durable when the file was made. With segmentSuffix that is everything before start,
// so recovery knows that an earlier file which ends too early is damaged. A log that does not sync makes files with
// unsyncedSuffix, which say nothing of that kind. Recovery makes them durable, and the next flush that syncs begins a file
// whose name says so.
type segment struct {
	name  string
	start uint64
	file  File
	// allocated is the file's length including reserved room; only the goroutine that leads a flush uses it.
	allocated int64
}

const (
	segmentMagic       = "RACEWLOG"
	segmentVersion     = 1
	segmentHeaderBytes = 64
	segmentSuffix      = ".seg"
	unsyncedSuffix     = ".unsynced.seg"
	unfinishedSuffix   = ".tmp"
)

func segmentName(start uint64) string { return hexadecimal(start) + segmentSuffix }

func unsyncedName(start uint64) string { return hexadecimal(start) + unsyncedSuffix }

// hexadecimal is start in 16 digits.
func hexadecimal(start uint64) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, start))
}

func isSegmentName(name string) bool {
	start, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSuffix(name, segmentSuffix), ".unsynced"), 16, 64)
	return err == nil && (name == segmentName(start) || name == unsyncedName(start))
}

// vouches says whether everything before the segment was durable when it was made.
func (s *segment) vouches() bool { return !strings.HasSuffix(s.name, unsyncedSuffix) }

// at is where in the file a position of the log lies.
func (s *segment) at(position uint64) int64 {
	return int64(min(position-s.start, math.MaxInt64-segmentHeaderBytes)) + segmentHeaderBytes
}

// positionAt is the position that lies at a byte of the file.
func (s *segment) positionAt(at int64) uint64 { return s.start + uint64(at-segmentHeaderBytes) }

func segmentHeader(start uint64) []byte {
	h := make([]byte, segmentHeaderBytes)
	copy(h, segmentMagic)
	binary.LittleEndian.PutUint32(h[8:], segmentVersion)
	binary.LittleEndian.PutUint64(h[16:], start)
	binary.LittleEndian.PutUint32(h[24:], crc32.Checksum(h[:24], castagnoli))
	return h
}

// openSegment opens a segment file and checks that its header says what its name says.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func openSegment(disk Disk, folder, name string) (*segment, error) {
	path := folder + "/" + name
	f, err := disk.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open segment %s: %w", path, err)
	}
	start, err := readSegmentHeader(f, path)
	if err == nil && segmentName(start) != name && unsyncedName(start) != name {
		err = &DamageError{File: path, Byte: 16, Reason: fmt.Sprintf("the header says that it starts at position %d, the name says otherwise", start)}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &segment{name: name, start: start, file: f}, nil
}

//racewindow:atomic because the log is not open yet: nobody else has its files
func readSegmentHeader(f io.ReaderAt, path string) (start uint64, err error) {
	h := make([]byte, segmentHeaderBytes)
	n, err := f.ReadAt(h, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read the header of %s: %w", path, err)
	}
	start, version := binary.LittleEndian.Uint64(h[16:]), binary.LittleEndian.Uint32(h[8:])
	own := segmentHeader(start)
	switch {
	case n < segmentHeaderBytes && string(h[:min(n, len(segmentMagic))]) == segmentMagic[:min(n, len(segmentMagic))]:
		return 0, &DamageError{File: path, Byte: int64(n), Reason: "the file ends within its header"}
	case string(h[:8]) != segmentMagic && string(h[8:28]) != string(own[8:28]):
		return 0, fmt.Errorf("%s does not start with %q: %w; move it out of the store's folder", path, segmentMagic, ErrForeign)
	case string(h[:8]) != segmentMagic, crc32.Checksum(h[:24], castagnoli) != binary.LittleEndian.Uint32(h[24:]):
		return 0, &DamageError{File: path, Byte: 0, Reason: "the header's checksum does not match"}
	case version > segmentVersion:
		return 0, fmt.Errorf("%s has format %d, this program knows up to %d: %w; use that version", path, version, segmentVersion, ErrNewerFormat)
	}
	return start, nil
}

// listSegments returns the names of a log's segment files in order. It removes files that a crash left unfinished.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func listSegments(disk Disk, folder string) ([]string, error) {
	entries, err := disk.List(folder)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", folder, err)
	}
	var names []string
	for _, e := range entries {
		switch {
		case !e.Folder && isSegmentName(e.Name):
			names = append(names, e.Name)
		case !e.Folder && strings.HasSuffix(e.Name, unfinishedSuffix):
			if err := disk.Remove(folder + "/" + e.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("remove unfinished %s/%s: %w", folder, e.Name, err)
			}
		case e.Name != indexName:
			return nil, fmt.Errorf("%s/%s: %w; move it out of the log's folder", folder, e.Name, ErrForeign)
		}
	}
	return names, nil
}

// createSegment makes an empty segment. It appears under its name only when it is whole, and its name is durable when
// createSegment returns.
func createSegment(ctx context.Context, disk Disk, folder string, start uint64) (*segment, error) {
	g, err := beginSegment(disk, folder, segmentName(start), start)
	if err != nil {
		return nil, err
	}
	return g.finish(ctx, disk, folder)
}

// beginSegment writes an empty segment under a temporary name, which recovery removes. It may fail on a full disk
// without harm: nothing refers to the file, and the next call makes it again.
//
//racewindow:atomic because nobody knows of the file while no view holds it
func beginSegment(disk Disk, folder, name string, start uint64) (*segment, error) {
	path := folder + "/" + name + unfinishedSuffix
	f, err := disk.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	if _, err := f.WriteAt(segmentHeader(start), 0); err != nil {
		return nil, errors.Join(fmt.Errorf("create segment %s: %w", path, err), f.Close())
	}
	return &segment{name: name, start: start, file: f}, nil
}

// finish gives a segment from beginSegment its final name. If it fails, it closes the file.
//
//racewindow:atomic because nobody knows of the file while no view holds it
func (s *segment) finish(ctx context.Context, disk Disk, folder string) (*segment, error) {
	if err := nameSegment(ctx, disk, folder, s.name, s.file); err != nil {
		return nil, errors.Join(fmt.Errorf("create segment %s/%s: %w", folder, s.name, err), s.file.Close())
	}
	return s, nil
}

//racewindow:atomic because nobody knows of the file while no view holds it; the points in it are for crashes
func nameSegment(ctx context.Context, disk Disk, folder, name string, f File) (err error) {
	if err := f.Sync(); err != nil {
		return err
	}
	failpoint.InjectCall("segment/written", ctx)
	if err := disk.Rename(folder+"/"+name+unfinishedSuffix, folder+"/"+name); err != nil {
		return err
	}
	failpoint.InjectCall("segment/renamed", ctx)
	failpoint.InjectContext(ctx, "segment/dirsync-error", func(v failpoint.Value) { err = failpoints.AsError(v, syscall.EIO) })
	if err != nil {
		return err
	}
	return disk.SyncDir(folder)
}

// reserve asks the disk for room past byte end of the file, so that not every sync has to write a new length. It ignores
// a refusal: the disk may still have room for the batch itself, and the write will tell. With often, which says that few bytes
// are written for each sync, it asks for little room, which the disk prepares.
//
//racewindow:atomic because it adds zeros past the records, at which a read ends as at the end of the file
func (s *segment) reserve(end int64, often bool) {
	if end <= s.allocated {
		return
	}
	most := int64(16 << 20)
	if often {
		most = 1 << 20
	}
	s.allocated = end + min(max(end, 64<<10), most)
	if s.file.Allocate(s.allocated) != nil {
		s.allocated = 0
	}
}

// segmentsFor returns the files that a batch needs: the present ones, and a new one if the last is full, or if a log that syncs
// has found it as one that does not vouch. Only a batch that starts a transaction begins a new file, because recovery could
// not cut off a transaction that spans two files.
func (l *Log) segmentsFor(ctx context.Context, b flushBatch) ([]*segment, error) {
	segments := b.view.segments
	full := segments[len(segments)-1]
	wanted := b.from-full.start >= uint64(l.options.SegmentBytes) || !l.options.NoSync && !full.vouches()
	if !wanted || b.view.last != b.view.durable {
		return segments, nil
	}
	name, err := l.finishSegment(full, b.from)
	if err != nil {
		return nil, fmt.Errorf("finish segment %s/%s: %w", l.handle, full.name, err)
	}
	next, err := beginSegment(l.store.disk, l.handle, name, b.from)
	if errors.Is(err, syscall.ENOSPC) {
		return nil, noSpace(err)
	}
	if err != nil {
		return nil, err
	}
	if next, err = next.finish(ctx, l.store.disk, l.handle); err != nil {
		return nil, err // poisons even if the disk is full: after a failed sync nothing is known about what was written
	}
	return append(append([]*segment(nil), segments...), next), nil
}

// finishSegment cuts the room that a full file does not need. It makes the file durable, unless the store does not sync:
// for that the disk would have to write a whole file while appends wait. It returns the name of the next file.
//
//racewindow:atomic because it cuts only zeros past the records, at which a read ends as at the end of the file
func (l *Log) finishSegment(full *segment, end uint64) (next string, err error) {
	if l.options.NoSync {
		return unsyncedName(end), full.file.Truncate(full.at(end))
	}
	return segmentName(end), errors.Join(full.file.Truncate(full.at(end)), full.file.Sync())
}
