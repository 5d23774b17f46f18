package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// findProof looks for a proof of damage: an intact frame past the position stop, at which the frames of g end, that was
// encoded when a position past stop was durable. It returns the byte of the file at which that frame starts, or -1.
//
// The search tries each multiple of frameAlign. It holds at most a window and one frame in memory. The number of bytes
// that it checksums is bounded by a multiple of the file's size, so a file of crafted headers cannot hold it up. When it
// reaches that bound, it says that there is no proof.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func findProof(ctx context.Context, g *segment, stop uint64, size int64) (int64, error) {
	const windowBytes = 256 << 10
	window := make([]byte, min(windowBytes, max(size-g.at(stop), 0)))
	budget := 64*size + maxFrameBytes
	var frame []byte
	for at := g.at(stop) + frameAlign; at+frameHeaderBytes <= size; at += int64(len(window)) - frameHeaderBytes {
		if err := ctx.Err(); err != nil {
			return -1, err
		}
		n, err := g.file.ReadAt(window, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return -1, fmt.Errorf("look past byte %d of %s: %w", g.at(stop), g.name, err)
		}
		for i := nextHeader(window[:n], 0); i+frameHeaderBytes <= n; i = nextHeader(window[:n], i+frameAlign) {
			byteAt := at + int64(i)
			position := g.start + uint64(byteAt-segmentHeaderBytes)
			if !couldProve(window[i:n], position, stop) {
				continue
			}
			length := int64(frameLength(window[i:]))
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
		if n < len(window) {
			break
		}
	}
	return -1, nil
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
