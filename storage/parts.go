package storage

import (
	"context"
	"runtime"

	"github.com/racewindow/racewindow/failpoints"
)

// Recovery scans the parts of a large file at once. A part begins at the first intact frame past some byte of the file, and the
// part before it ends at the first frame that it meets past the same byte. If that is the same frame, the parts are
// joined, and what was found is what one scan finds. (Only the boundary of a chunk may be another one.) If it is not, or if a part
// could not be read, the scan goes on by itself from where the joined parts end.

const (
	leastPartBytes = 512 << 10
	mostParts      = 8
	// searchBytes bounds how far a part looks for its first frame.
	searchBytes = maxScanBytes
)

// A part is one that is scanned beside the first.
type part struct {
	found recovered
	done  chan struct{}
}

// partStarts returns the bytes past which all parts but the first begin, if one goroutine has the frames between two bytes of a
// file to scan. A run under control has one part, because its steps must not depend on the speed of goroutines.
func partStarts(ctx context.Context, from, to int64) (starts []int64) {
	n := min(int64(runtime.GOMAXPROCS(0)), mostParts, (to-from)/leastPartBytes)
	if failpoints.From(ctx) != nil {
		return nil
	}
	for k := int64(1); k < n; k++ {
		starts = append(starts, (from+(to-from)/n*k)&^(frameAlign-1))
	}
	return starts
}

// scanParts scans the frames of g in parts, and moves scan to the end of those that it could join.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (r *recovered) scanParts(ctx context.Context, scan *scanner, g *segment, starts []int64, chunkBytes uint64) error {
	if len(starts) == 0 {
		return nil
	}
	beside, cancel := context.WithCancel(ctx)
	parts := make([]*part, len(starts))
	for k := range parts {
		its := newSparseScanner(g.file, starts[k], scan.end, g.positionAt(starts[k]))
		if its.until = scan.end; k+1 < len(starts) {
			its.until = starts[k+1]
		}
		parts[k] = &part{done: make(chan struct{})}
		go parts[k].scan(beside, its, chunkBytes)
	}
	defer func() {
		cancel()
		for _, p := range parts {
			<-p.done
		}
	}()
	scan.until = starts[0]
	if err := r.scanFrames(ctx, scan, chunkBytes); err != nil {
		return err
	}
	scan.until = scan.end
	for k := range parts {
		if <-parts[k].done; !r.join(&parts[k].found, chunkBytes) {
			break
		}
		scan.at, scan.have, scan.intact = g.at(r.stop), nil, 0
	}
	return nil
}

// scan finds what is in a part. An error ends it like the end of the part: who goes on there meets the error.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (p *part) scan(ctx context.Context, scan *scanner, chunkBytes uint64) {
	defer close(p.done)
	if scan.fill(ctx, searchBytes) == nil && scan.seekFrame() {
		p.found.stop = scan.position()
		_ = p.found.scanFrames(ctx, scan, chunkBytes)
	}
}

// seekFrame skips to the first intact frame of which all is in have. It checksums no more than a multiple of that.
func (s *scanner) seekFrame() bool {
	budget := 4 * len(s.have)
	for i := nextHeader(s.have, 0); i < len(s.have); i = nextHeader(s.have, i+frameAlign) {
		b := s.have[i:]
		if checkFrameHeader(b, len(b)) != frameIntact {
			continue
		}
		if budget -= frameLength(b); budget < 0 {
			break
		}
		if checkFrame(b, len(b), s.position()+uint64(i)) == frameIntact {
			s.have, s.at = s.have[i:], s.at+int64(i)
			return true
		}
	}
	return false
}

// join adds what the next part has found, if that part begins where r ends.
func (r *recovered) join(next *recovered, chunkBytes uint64) bool {
	if r.fault != frameIntact || len(next.boundaries) == 0 || next.boundaries[0].position != r.stop || !r.mayFollow(next.boundaries[0].offset) {
		return false
	}
	if n := len(r.boundaries); n > 0 && r.stop-r.boundaries[n-1].position < chunkBytes {
		next.boundaries = next.boundaries[1:]
	}
	r.boundaries = append(r.boundaries, next.boundaries...)
	r.marks = append(r.marks, next.marks...)
	r.sawDurable(next.durable)
	r.stop, r.fault, r.previous, r.midway = next.stop, next.fault, next.previous, next.midway
	if next.end > 0 {
		r.end, r.last, r.lastStart = next.end, next.last, next.lastStart
	}
	return true
}
