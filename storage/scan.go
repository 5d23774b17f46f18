package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/storage/disk"
)

// A scanner reads the frames of one file in order. Its memory is bounded by maxScanBytes or one frame, whichever is
// larger, whatever lengths the file claims.
type scanner struct {
	file io.ReaderAt
	at   int64 // byte of the file at which have starts
	// shift is the log's position at byte 0 of the file. In the first segment it is negative, so it wraps.
	shift uint64
	end   int64 // byte at which to stop
	until int64 // byte up to which to read ahead
	have  []byte
	buf   []byte
	// intact is how many bytes at the start of have hold whole frames that are known to be intact.
	intact int
	// sparse is the file if it knows where it holds zeros only; then data is the byte up to which it may hold more.
	sparse disk.SparseFile
	data   int64
}

const (
	minScanBytes = 4 << 10
	maxScanBytes = 256 << 10
)

// newScanner returns a scanner of the bytes [from, end) of a file. Byte from is the log's position start.
func newScanner(file io.ReaderAt, from, end int64, start uint64) *scanner {
	return &scanner{file: file, at: from, end: end, until: end, shift: start - uint64(from)}
}

// newSparseScanner returns a scanner that reads ahead no zeros of which the file knows. A file may hold more of them than
// records, and the kernel would fill memory with them.
func newSparseScanner(file io.ReaderAt, from, end int64, start uint64) *scanner {
	s := newScanner(file, from, end, start)
	s.sparse, _ = file.(disk.SparseFile)
	return s
}

// position is the scanner's position in the log.
func (s *scanner) position() uint64 { return s.shift + uint64(s.at) }

// next returns the frame at s.at, or why there is none. The frame is valid until the next call of next after skip. At the
// end of the range the fault is frameZero. An error is the disk's or the context's.
func (s *scanner) next(ctx context.Context) (frame []byte, fault frameFault, err error) {
	frames, fault, err := s.some(ctx)
	if len(frames) > 0 {
		frames = frames[:frameRoom(frames)]
	}
	return frames, fault, err
}

// some returns one or more frames from s.at on, and otherwise what next does.
func (s *scanner) some(ctx context.Context) (frames []byte, fault frameFault, err error) {
	if s.intact == 0 {
		fault, err = s.check(ctx)
	}
	return s.have[:s.intact], fault, err
}

// check finds out whether there is an intact frame at s.at.
func (s *scanner) check(ctx context.Context) (fault frameFault, err error) {
	if s.intact = intact3(s.have, s.position()); s.intact > 0 { // nearly all, if they are short
		return frameIntact, nil
	}
	if len(s.have) < frameHeaderBytes {
		if err := s.fill(ctx, frameHeaderBytes); err != nil {
			return frameShort, err
		}
	}
	if fault := checkFrameHeader(s.have, maxFrameBytes); fault != frameIntact {
		return fault, nil
	}
	room := frameRoom(s.have)
	if len(s.have) < room {
		if int64(room) > s.end-s.at {
			return frameShort, nil
		}
		if err := s.fill(ctx, room); err != nil {
			return frameShort, err
		}
		if len(s.have) < room { // the padding is missing, so the next frame would not start where next looks for it
			return frameShort, nil
		}
	}
	if fault := checkFrame(s.have, maxFrameBytes, s.position()); fault != frameIntact {
		return fault, nil
	}
	s.intact = room
	return frameIntact, nil
}

// skip goes on past what next or some returned, or past the first frames of that.
func (s *scanner) skip(frames []byte) {
	s.have = s.have[len(frames):]
	s.at += int64(len(frames))
	s.intact -= len(frames)
}

// holdsFrame says whether have holds a whole frame, if its header is right.
func (s *scanner) holdsFrame() bool {
	return len(s.have) >= frameHeaderBytes && frameRoom(s.have) <= len(s.have)
}

// fill reads until have holds want bytes or the range ends. The buffer starts small and grows during a scan, so that a
// read of few records costs little.
func (s *scanner) fill(ctx context.Context, want int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	size := max(want, min(max(2*len(s.buf), minScanBytes), maxScanBytes))
	size = int(min(int64(size), max(s.end-s.at, 0)))
	size = max(min(want, size), min(size, s.worthReading()))
	if size <= len(s.have) {
		return nil
	}
	if size > len(s.buf) {
		s.buf = append(make([]byte, 0, size), s.have...)[:size]
	} else {
		copy(s.buf, s.have)
	}
	kept := len(s.have)
	n, err := s.readAt(ctx, s.buf[kept:size], s.at+int64(kept))
	s.have = s.buf[:kept+n]
	return err
}

// dataEnd is the byte at which the file's first data ends, or else the end of the scan.
func (s *scanner) dataEnd() int64 {
	if s.sparse == nil {
		return s.end
	}
	_, to := s.sparse.NextData(s.at)
	return min(to, s.end)
}

// worthReading is how many bytes from s.at on are worth reading ahead.
func (s *scanner) worthReading() int {
	to := s.until
	if next := s.at + int64(len(s.have)); s.sparse != nil {
		if next >= s.data {
			from, data := s.sparse.NextData(next)
			if from > next {
				data = next + minScanBytes
			}
			s.data = data
		}
		to = min(to, s.data)
	}
	return int(min(to-s.at, maxScanBytes))
}

// readAt fills p, or as much of it as the file has bytes for.
func (s *scanner) readAt(ctx context.Context, p []byte, at int64) (n int, err error) {
	failpoint.InjectCall("read/before-file", ctx)
	failpoint.InjectContext(ctx, "read/io-error", func(v failpoint.Value) { err = failpoints.AsError(v, syscall.EIO) })
	if err == nil {
		n, err = s.file.ReadAt(p, at)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read %d bytes at byte %d: %w", len(p), at, err)
	}
	failpoint.InjectContext(ctx, "read/bit-flip", func(v failpoint.Value) {
		if n > 0 {
			p[failpoints.AsLength(v, n-1)] ^= 1
		}
	})
	return n, nil
}
