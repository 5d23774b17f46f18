package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// findProof looks past the position stop, at which the frames of g end, for an intact frame which was encoded when a
// position beyond stop was durable. It returns the byte of the file at which that frame starts, or -1.
//
// The search tries each multiple of frameAlign. Its memory is bounded by a window and one frame, and the bytes that it
// checksums by a multiple of the file, so a file of crafted headers cannot hold it up; where that bound is reached it
// says that there is no proof.
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
		for i := 0; i+frameHeaderBytes <= n; i += frameAlign {
			byteAt := at + int64(i)
			position := g.start + uint64(byteAt-segmentHeaderBytes)
			if !couldProve(window[i:n], position, stop) {
				continue
			}
			length := int64(frameLength(window[i:]))
			if byteAt+length > size {
				continue // it costs nothing: a look at the gap between two short frames often claims millions of bytes
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

// couldProve judges a header: plausible, and claiming that a position beyond stop was durable.
func couldProve(header []byte, position, stop uint64) bool {
	if allZero(header[:frameHeaderBytes]) {
		return false
	}
	return checkFrameHeader(header[:frameHeaderBytes], maxFrameBytes) == frameIntact && frameDurable(header, position) > stop
}

// intactAt reads as much as frame holds, and says whether it is a frame.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func intactAt(file io.ReaderAt, at int64, frame []byte, position uint64) (bool, error) {
	if _, err := file.ReadAt(frame, at); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read a frame at byte %d: %w", at, err)
	}
	return checkFrame(frame, maxFrameBytes, position) == frameIntact, nil
}
