package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/racewindow/racewindow/storage/disk"
)

// findProof looks for a proof of damage: an intact frame past the position stop, at which the frames of g end, that was
// encoded when a position past stop was durable. It returns the byte of the file at which that frame starts, or -1.
//
// The search tries each multiple of frameAlign. It does not read room that was reserved and never written, if the file knows
// where that is: there may be more of it than there are records. It holds at most a window and one frame in memory. The
// number of bytes that it checksums is bounded by a multiple of the file's size, so a file of crafted headers cannot hold it
// up. When it reaches that bound, it says that there is no proof.
func findProof(ctx context.Context, g *segment, stop uint64, size int64) (int64, error) {
	var w window
	budget := 64*size + maxFrameBytes
	var frame []byte
	for from := g.at(stop) + frameAlign; from+frameHeaderBytes <= size; from = w.at + int64(len(w.bytes)) - frameHeaderBytes {
		if err := ctx.Err(); err != nil {
			return -1, err
		}
		if err := w.read(g.file, from, size-from); err != nil {
			return -1, fmt.Errorf("look past byte %d of %s: %w", g.at(stop), g.name, err)
		}
		for i := nextHeader(w.bytes, 0); i+frameHeaderBytes <= len(w.bytes); i = nextHeader(w.bytes, i+frameAlign) {
			byteAt := w.at + int64(i)
			position := g.start + uint64(byteAt-segmentHeaderBytes)
			if !couldProve(w.bytes[i:], position, stop) {
				continue
			}
			length := int64(frameLength(w.bytes[i:]))
			if byteAt+length > size {
				continue // not charged to the budget: bytes between two short frames often claim a length of millions
			}
			if budget -= length; budget < 0 {
				continue
			}
			frame = slices.Grow(frame[:0], int(length))[:length]
			if ok, err := intactAt(g.file, byteAt, frame, position); ok || err != nil {
				return byteAt, err
			}
		}
		if w.ends {
			break
		}
	}
	return -1, nil
}

// A window is a part of a file that findProof looks at. It grows while data follows on data.
type window struct {
	at    int64
	bytes []byte
	ends  bool // nothing but zeros follows
}

const maxWindowBytes = 256 << 10

// read moves the window to byte from of the file, a multiple of frameAlign, or past the hole that is there. No frame starts
// in a hole, because its length would be 0; the header of one may end in a hole.
// The file has rest bytes from there.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (w *window) read(file File, from, rest int64) error {
	size := min(rest+frameAlign, maxWindowBytes)
	w.at = from
	if sparse, ok := file.(disk.SparseFile); ok {
		size = min(max(2*int64(cap(w.bytes)), minScanBytes), maxWindowBytes)
		data, hole := sparse.NextData(from)
		if w.at = max(from, data&^(frameAlign-1)); w.at > from {
			size = minScanBytes
		}
		if w.ends = data == hole; w.ends {
			w.bytes = w.bytes[:0]
			return nil
		}
		if hole-w.at < size {
			size = hole - w.at + frameHeaderBytes
		}
	}
	if size > int64(cap(w.bytes)) {
		w.bytes = make([]byte, size)
	}
	n, err := file.ReadAt(w.bytes[:size], w.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	w.bytes, w.ends = w.bytes[:n], int64(n) < size
	return nil
}

var zeros [4 << 10]byte

// nextHeader returns the first multiple of frameAlign from i on at which b may hold a header, or len(b). It steps over
// blocks of zeros, because a crash leaves millions of them: the room that was reserved for more records. A header that
// starts in such a block has its length there, and no frame has length 0.
func nextHeader(b []byte, i int) int {
	for ; i+frameHeaderBytes <= len(b); i += frameAlign {
		for i+len(zeros) <= len(b) && bytes.Equal(b[i:i+len(zeros)], zeros[:]) {
			i += len(zeros)
		}
		if i+frameHeaderBytes <= len(b) && binary.LittleEndian.Uint32(b[i+4:]) >= frameHeaderBytes {
			return i
		}
	}
	return len(b)
}

// couldProve says whether a header is plausible and claims that a position past stop was durable.
func couldProve(header []byte, position, stop uint64) bool {
	return checkFrameHeader(header[:frameHeaderBytes], maxFrameBytes) == frameIntact && frameDurable(header, position) > stop
}

// intactAt fills frame from the file, and says whether it is an intact frame.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func intactAt(file io.ReaderAt, at int64, frame []byte, position uint64) (bool, error) {
	if _, err := file.ReadAt(frame, at); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read a frame at byte %d: %w", at, err)
	}
	return checkFrame(frame, maxFrameBytes, position) == frameIntact, nil
}
