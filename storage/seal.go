package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"syscall"

	"github.com/pingcap/failpoint"
)

// A seal ends the index file of a log that was closed. It says where the log ends, so that the next opening need not read
// every frame to find out.
//
//	byte  0          8       16      24      32      40      48  52
//	      +----------+-------+-------+-------+-------+-------+---+-----+
//	      |"RWSEAL01"|entries| start | Tx    | Op    | end   | 0 | CRC |
//	      +----------+-------+-------+-------+-------+-------+---+-----+
//
// (entries is how many boundaries come before the seal; the last record lies at the positions [start, end) and has the
// offset Tx, Op. The CRC is the CRC-32C of the whole file before it. The length of a file with a seal is no multiple of
// boundaryBytes.)
//
// A seal is written only when everything before its end has been synced, in whole transactions. What is before such a
// position never changes again, so what a seal says about that stays true, whatever a crash leaves of the files. Only the
// log may have grown since. So a seal is believed if it is whole, if the files end exactly at its end, each where the next
// one starts, and if the last record is the one that it names. It needs no sync: a seal that a crash has
// taken, torn or brought back does not fit, and then recovery reads every frame.
//
// Each frame has its own checksum, so what is damaged in a sealed log is reported by the first read that meets it.
type seal struct {
	entries        int
	last           Offset
	lastStart, end uint64
}

const (
	sealMagic = "RWSEAL01"
	sealBytes = 56
)

// encode returns the seal's bytes. entries are the encoded boundaries before it.
func (s seal) encode(entries []byte) []byte {
	b := make([]byte, sealBytes)
	copy(b, sealMagic)
	binary.LittleEndian.PutUint64(b[8:], uint64(s.entries))
	binary.LittleEndian.PutUint64(b[16:], s.lastStart)
	binary.LittleEndian.PutUint64(b[24:], s.last.Tx)
	binary.LittleEndian.PutUint64(b[32:], s.last.Op)
	binary.LittleEndian.PutUint64(b[40:], s.end)
	binary.LittleEndian.PutUint32(b[sealBytes-4:], sealSum(entries, b))
	return b
}

func sealSum(entries, seal []byte) uint32 {
	return crc32.Update(crc32.Checksum(entries, castagnoli), castagnoli, seal[:sealBytes-4])
}

// decodeSeal returns the seal that ends an index file, and the entries before it.
func decodeSeal(content []byte) (s seal, entries []byte, whole bool) {
	if len(content)%boundaryBytes != sealBytes%boundaryBytes || len(content) < sealBytes {
		return seal{}, nil, false
	}
	entries, b := content[:len(content)-sealBytes], content[len(content)-sealBytes:]
	s = seal{
		entries:   len(entries) / boundaryBytes,
		lastStart: binary.LittleEndian.Uint64(b[16:]),
		last:      Offset{Tx: binary.LittleEndian.Uint64(b[24:]), Op: binary.LittleEndian.Uint64(b[32:])},
		end:       binary.LittleEndian.Uint64(b[40:]),
	}
	whole = string(b[:8]) == sealMagic && binary.LittleEndian.Uint64(b[8:]) == uint64(s.entries) &&
		binary.LittleEndian.Uint32(b[sealBytes-4:]) == sealSum(entries, b)
	return s, entries, whole
}

// seal writes a seal after the entries of the index, if everything in the files is durable, in whole transactions and in
// the index. If the disk refuses it, the next opening reads every frame. The lock is held.
//
//racewindow:atomic because the log is closed: only the next opening reads the seal
func (l *Log) seal() {
	v := l.lockedView()
	if l.options.NoSync || l.end == 0 || v.settled != l.end || len(l.boundaries) > 0 {
		return
	}
	entries := make([]byte, v.index.count*boundaryBytes)
	if n, _ := v.index.file.ReadAt(entries, 0); n < len(entries) || !wholeIndex(entries) {
		return
	}
	s := seal{entries: v.index.count, last: l.last, lastStart: l.lastStart, end: l.end}
	_, _ = v.index.file.WriteAt(s.encode(entries), int64(len(entries)))
	_ = v.index.file.Truncate(int64(len(entries)) + sealBytes) // a seal that does not end the file is none
}

// wholeIndex says whether the entries are intact and begin at the log's start: an abort that cannot read the index drops it.
func wholeIndex(entries []byte) bool {
	for at := 0; at < len(entries); at += boundaryBytes {
		if b, intact := decodeBoundary(entries[at:]); !intact || at == 0 && b.position != 0 {
			return false
		}
	}
	return len(entries) > 0
}

// believeSeal finds what recovery needs to know in the seal, if there is one that the disk vouches for. It takes that seal
// off the index: an open log has none.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (s *Store) believeSeal(ctx context.Context, handle string, found *recovered) (bool, error) {
	f, err := s.disk.Open(handle + "/" + indexName)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open %s/%s: %w", handle, indexName, err)
	}
	size, err := f.Size()
	if err != nil || size%boundaryBytes != sealBytes%boundaryBytes {
		return false, f.Close()
	}
	end, err := endOfFiles(found.segments)
	sealed, index, fits := readSeal(f, size, end)
	if err == nil && fits {
		fits, err = sealed.endsRecord(ctx, found.segments)
	}
	if err == nil && fits {
		if err = f.Truncate(int64(index.count) * boundaryBytes); errors.Is(err, syscall.ENOSPC) {
			err = nil // the next entries go over the seal
		}
	}
	if err != nil || !fits {
		return false, errors.Join(err, f.Close())
	}
	*found = recovered{
		segments: found.segments, synced: found.synced, index: &index, boundaries: index.newest,
		end: sealed.end, stop: sealed.end, durable: sealed.end,
		last: sealed.last, lastStart: sealed.lastStart, previous: sealed.last,
	}
	failpoint.InjectCall("recovery/scanned", ctx)
	return true, nil
}

// readSeal reads an index file of that size. It says whether that has a seal which says that the log ends at end.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func readSeal(f File, size int64, end uint64) (s seal, index chunkIndex, fits bool) {
	if uint64(size) > end+sealBytes { // a frame is no shorter than its entry
		return seal{}, chunkIndex{}, false
	}
	content := make([]byte, size)
	if _, err := f.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return seal{}, chunkIndex{}, false
	}
	s, entries, whole := decodeSeal(content)
	if !whole || s.end != end || end == 0 {
		return seal{}, chunkIndex{}, false
	}
	index = chunkIndex{file: f, count: s.entries}
	for k := max(0, s.entries-cachedBoundaries); k < s.entries; k++ {
		b, _ := decodeBoundary(entries[k*boundaryBytes:])
		index.newest = append(index.newest, b)
	}
	return s, index, s.entries > 0 // recovery makes an index again that was lost
}

// endOfFiles is the position at which the files end if each ends where the next one starts, else 0.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func endOfFiles(segments []*segment) (end uint64, err error) {
	for _, g := range segments {
		size, err := g.file.Size()
		if err != nil {
			return 0, fmt.Errorf("size of %s: %w", g.name, err)
		}
		if g.start != end {
			return 0, nil
		}
		end = g.positionAt(size)
	}
	return end, nil
}

// endsRecord says whether the record that the seal names is intact and ends where the log does.
func (s seal) endsRecord(ctx context.Context, segments []*segment) (bool, error) {
	if s.lastStart >= s.end {
		return false, nil
	}
	g := segments[(&view{segments: segments}).segmentAt(s.lastStart)]
	frame, fault, err := newScanner(g.file, g.at(s.lastStart), g.at(s.end), s.lastStart).next(ctx)
	if err != nil {
		return false, fmt.Errorf("scan %s: %w", g.name, err)
	}
	return fault == frameIntact && frameIsLast(frame) && frameOffset(frame) == s.last && s.lastStart+uint64(len(frame)) == s.end, nil
}
