package storage

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// Recovery keeps the longest prefix of complete, intact transactions. It reads every frame of the log, unless the log was
// closed and its seal fits (seal.go). Where the frames end early, it decides between two cases:
//
//   - Damage: the bad bytes had been synced and have changed since. Two things prove it: an intact frame past them that
//     was encoded when a position past them was already durable (the frame says so itself), or a later segment whose name
//     says that everything before it was synced. Recovery then refuses, and changes nothing.
//   - A torn tail: anything else. Unsynced writes may reach the disk in any order, so intact frames past a bad one do not
//     contradict it. Recovery cuts the tail and syncs the cut. Later segments that a log without syncs has made go with it.
//
// Recovery cannot tell every case: a damaged last batch that was synced, with no later frame to prove it, looks like a
// torn tail and is cut.

// A recovered log is what a scan of the files found.
type recovered struct {
	segments   []*segment
	synced     int      // the last of the segments whose name says that everything before it was synced
	dropped    []string // the names of later files, which do not belong to the log: it ends before them
	end        uint64   // position past the last complete transaction
	last       Offset   // of that transaction's last record
	lastStart  uint64   // position of that record
	boundaries []boundary
	// index is the index file if it has a seal that fits; then boundaries are only its newest.
	index   *chunkIndex
	durable uint64 // the highest position that a frame says was durable
	// marks are starts of frames, at least markBytes apart. The first is the last at or before durable, or the first there was.
	marks []uint64
	// stop is the position at which the intact frames end; fault says why.
	stop  uint64
	fault frameFault
	// midway is set while the scan has seen the start of a transaction but not its last record.
	midway   bool
	previous Offset // of the last intact frame
}

//racewindow:atomic because the log is not open yet: nobody else has its files
func (s *Store) recoverLog(ctx context.Context, handle string) (*Log, error) {
	if err := s.disk.Mkdir(handle); err != nil {
		return nil, fmt.Errorf("make the log's folder: %w", err)
	}
	names, err := listSegments(s.disk, handle)
	if err != nil {
		return nil, err
	}
	found := &recovered{}
	if len(names) == 0 {
		err = s.newLog(ctx, handle, found)
	} else {
		err = s.scanLog(ctx, handle, names, found)
	}
	var index chunkIndex
	var waiting []boundary
	switch {
	case found.index != nil:
		index = *found.index
	case err == nil:
		index, waiting, err = repairIndex(s.disk, handle, found.boundaries)
	}
	if err != nil {
		if found.index != nil {
			err = errors.Join(err, index.file.Close())
		}
		for _, g := range found.segments {
			err = errors.Join(err, g.file.Close())
		}
		return nil, err
	}
	return s.makeLog(handle, found, index, waiting), nil
}

// newLog makes the first file of a log, and makes the log's name durable.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (s *Store) newLog(ctx context.Context, handle string, found *recovered) error {
	g, err := createSegment(ctx, s.disk, handle, 0)
	if err != nil {
		return err
	}
	found.segments = []*segment{g}
	return s.disk.SyncDir(".")
}

func (s *Store) scanLog(ctx context.Context, handle string, names []string, found *recovered) error {
	for _, name := range names {
		g, err := openSegment(s.disk, handle, name)
		if err != nil {
			return err
		}
		if found.segments = append(found.segments, g); g.vouches() {
			found.synced = len(found.segments) - 1
		}
	}
	sealed, err := s.believeSeal(ctx, handle, found)
	if err == nil && !sealed {
		err = s.scanSegments(ctx, handle, found)
	}
	if err != nil {
		return err
	}
	return s.settleTail(ctx, handle, found)
}

// scanSegments reads every frame of the log. Where a file that nothing proves to have been synced ends early, the log ends.
func (s *Store) scanSegments(ctx context.Context, handle string, found *recovered) error {
	for i, g := range found.segments {
		if g.start != found.end && i > found.synced {
			return found.drop(i)
		}
		if g.start != found.end {
			return &DamageError{File: handle + "/" + g.name, Byte: 0, Reason: fmt.Sprintf("it starts at position %d, but the files before it end at %d: one is missing or cut", g.start, found.end)}
		}
		if err := s.scanSegment(ctx, found, i); err != nil {
			return err
		}
		if i+1 == len(found.segments) || found.fault == frameIntact && !found.midway {
			continue
		}
		if i >= found.synced {
			return found.drop(i + 1)
		}
		return &DamageError{File: handle + "/" + g.name, Byte: g.at(found.stop), Reason: found.why() + ", and a later segment proves that this one was whole"}
	}
	return nil
}

// drop makes the log end before the segment with that index. Recovery removes the files of the others.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (r *recovered) drop(from int) (err error) {
	for _, g := range r.segments[from:] {
		r.dropped = append(r.dropped, g.name)
		err = errors.Join(err, g.file.Close())
	}
	r.segments = r.segments[:from]
	return err
}

// dropEmpty drops the last segments that hold no complete transaction and do not vouch: the next flush makes a file that does,
// and which may start there.
func (r *recovered) dropEmpty() error {
	from := len(r.segments)
	for from-1 > r.synced && r.segments[from-1].start >= r.end {
		from--
	}
	return r.drop(from)
}

// endOf is the byte up to which the segment with that index may hold records. A file of a log that does not sync may be
// longer than that: a crash brings back the room that was cut when the next file was made.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (r *recovered) endOf(i int) (int64, error) {
	g := r.segments[i]
	size, err := g.file.Size()
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", g.name, err)
	}
	if i >= r.synced && i+1 < len(r.segments) {
		size = min(size, g.at(r.segments[i+1].start))
	}
	return size, nil
}

// scanSegment reads the frames of the file with that index, in order.
func (s *Store) scanSegment(ctx context.Context, found *recovered, i int) error {
	g := found.segments[i]
	size, err := found.endOf(i)
	if err != nil {
		return err
	}
	scan := newSparseScanner(g.file, segmentHeaderBytes, size, g.start)
	chunkBytes := uint64(s.options.ChunkBytes)
	err = found.scanParts(ctx, scan, g, partStarts(ctx, scan.at, scan.dataEnd()), chunkBytes)
	if err == nil {
		err = found.scanFrames(ctx, scan, chunkBytes)
	}
	if err != nil {
		return fmt.Errorf("scan %s: %w", g.name, err)
	}
	failpoint.InjectCall("recovery/scanned", ctx)
	if found.fault == frameIntact {
		return nil
	}
	return found.readAgain(ctx, g, size, chunkBytes)
}

// scanFrames takes the frames that start before scan.until, or those before something else.
func (r *recovered) scanFrames(ctx context.Context, scan *scanner, chunkBytes uint64) error {
	for r.fault == frameIntact && scan.at < scan.until {
		frames, fault, err := scan.some(ctx)
		if err != nil {
			return err
		}
		for r.fault = fault; len(frames) > 0 && scan.at < scan.until; {
			frame := frames[:frameRoom(frames)]
			if !r.accept(frame, chunkBytes) {
				r.fault = frameHeader
				break
			}
			scan.skip(frame)
			frames = frames[len(frame):]
		}
	}
	return nil
}

// readAgain reads again where the frames of g end. If it finds an intact frame there now, a bit was flipped on the way and
// the file is right, so recovery neither cuts it nor calls it damaged. A flip that is in the cache or on the disk reads
// the same again.
func (r *recovered) readAgain(ctx context.Context, g *segment, size int64, chunkBytes uint64) error {
	frame, fault, err := newSparseScanner(g.file, g.at(r.stop), size, r.stop).next(ctx)
	if err != nil {
		return fmt.Errorf("scan %s: %w", g.name, err)
	}
	if again := *r; fault == frameIntact && again.accept(frame, chunkBytes) {
		return readsDiffer(g, g.at(r.stop), r.why()+", and then: an intact frame")
	}
	return nil
}

// accept takes the frame at r.stop if it can follow the frame before it: its offset is higher, and a transaction begins
// only after the one before it is complete.
func (r *recovered) accept(frame []byte, chunkBytes uint64) bool {
	offset := frameOffset(frame)
	if !r.mayFollow(offset) {
		return false
	}
	if n := len(r.boundaries); n == 0 || r.stop-r.boundaries[n-1].position >= chunkBytes {
		r.boundaries = append(r.boundaries, boundary{offset, r.stop})
	}
	if n := len(r.marks); n == 0 || r.stop-r.marks[n-1] >= markBytes {
		r.marks = append(r.marks, r.stop)
	}
	r.sawDurable(frameDurable(frame, r.stop))
	start := r.stop
	r.stop += uint64(len(frame))
	r.previous, r.midway = offset, !frameIsLast(frame)
	if !r.midway {
		r.end, r.last, r.lastStart = r.stop, offset, start
	}
	return true
}

// mayFollow says whether the next frame may have that offset.
func (r *recovered) mayFollow(offset Offset) bool {
	return r.previous.Before(offset) && offset.Tx != 0 && r.midway == (offset.Tx == r.previous.Tx)
}

// why says why the intact frames end at r.stop.
func (r *recovered) why() string {
	if r.fault == frameIntact {
		return "the last transaction is incomplete"
	}
	return r.fault.String()
}

// settleTail decides whether what follows the last complete transaction is damage or a torn tail. It cuts a torn tail, and
// leaves a synced file that ends with that transaction.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (s *Store) settleTail(ctx context.Context, handle string, found *recovered) error {
	if err := found.dropEmpty(); err != nil {
		return err
	}
	g := found.segments[len(found.segments)-1]
	size, err := g.file.Size()
	if err != nil {
		return fmt.Errorf("size of %s: %w", g.name, err)
	}
	if proof, err := findProof(ctx, g, found.stop, size); err != nil {
		return err
	} else if proof >= 0 {
		return &DamageError{File: handle + "/" + g.name, Byte: g.at(found.stop), Reason: fmt.Sprintf("%s, and the intact frame at byte %d proves that these bytes had been synced", found.why(), proof)}
	}
	for n := len(found.boundaries); n > 0 && found.boundaries[n-1].position >= found.end; n-- {
		found.boundaries = found.boundaries[:n-1]
	}
	failpoint.InjectCall("recovery/before-cut", ctx)
	failpoint.InjectContext(ctx, "recovery/truncate-error", func(v failpoint.Value) { err = failpoints.AsError(v, syscall.EIO) })
	if err == nil {
		err = s.settleOthers(ctx, handle, found)
	}
	if err == nil {
		err = cutTail(g, size, g.at(found.end))
	}
	if err == nil {
		err = rewrite(ctx, g, found.frameBefore(g, found.durable), max(found.durable, g.start), found.end)
	}
	if err == nil { // a crash may have come after the rename of a file and before the sync of its name
		err = errors.Join(s.disk.SyncDir(handle), s.disk.SyncDir("."))
	}
	if err != nil {
		return fmt.Errorf("cut the tail of %s/%s at byte %d: %w; the log stays closed until the disk allows it", handle, g.name, g.at(found.end), err)
	}
	return nil
}

// settleOthers removes the files that do not belong to the log. With those before the last that nobody vouches for it does
// what settleTail does with the last.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func (s *Store) settleOthers(ctx context.Context, handle string, found *recovered) error {
	for _, name := range found.dropped {
		if err := s.disk.Remove(handle + "/" + name); err != nil {
			return err
		}
	}
	for i := found.synced; i+1 < len(found.segments); i++ {
		g, end := found.segments[i], found.segments[i+1].start
		size, err := g.file.Size()
		if err == nil {
			err = cutTail(g, size, g.at(end))
		}
		if err == nil {
			err = rewrite(ctx, g, found.frameBefore(g, found.durable), max(found.durable, g.start), end)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
	}
	return nil
}

// cutTail makes the file end at byte end, and makes sure that the next sync writes that length.
//
// A file that ends there already may end there only in memory: an earlier recovery cut it, and the sync failed. The kernel
// then calls the inode clean, and a sync that finds nothing to do writes nothing. A power loss would bring back the bytes
// that were cut, in the middle of those written over them. Writing bytes again does not help: fdatasync leaves out a length
// that has not changed since. So cutTail changes the length and changes it back. In between, the file ends with a zero,
// which is no frame.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func cutTail(g *segment, size, end int64) error {
	if size == end {
		if err := g.file.Truncate(end + 1); err != nil {
			return err
		}
	}
	return g.file.Truncate(end)
}

// rewrite writes the frames in [from, end) again and syncs them. After a failed sync, the kernel may hold these bytes, call
// them clean and lose them with the power. So recovery does not trust bytes that no frame calls durable, and makes them
// durable itself.
//
// For that it reads them again, starting at start, where a frame starts. If a frame that was intact before is not intact
// now, rewrite does not write it back and fails: the reading is wrong, and the file is right.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func rewrite(ctx context.Context, g *segment, start, from, end uint64) error {
	scan := newScanner(g.file, g.at(start), g.at(end), start)
	scan.buf = make([]byte, min(end-start, maxScanBytes))
	var run []byte // intact frames to write: a part of the scanner's buffer that ends at its position
	for from < end && scan.at < scan.end {
		frame, fault, err := scan.next(ctx)
		if err != nil {
			return err
		}
		if fault != frameIntact {
			return readsDiffer(g, scan.at, "an intact frame, and then: "+fault.String())
		}
		scan.skip(frame)
		if scan.position() > from {
			clear(frame[frameLength(frame):]) // no checksum covers the padding
			if len(run) == 0 {
				run = frame
			} else {
				run = run[:len(run)+len(frame)]
			}
		}
		if len(run) == 0 || scan.holdsFrame() && scan.at < scan.end {
			continue
		}
		if _, err := g.file.WriteAt(run, scan.at-int64(len(run))); err != nil {
			return err
		}
		run = nil
	}
	failpoint.InjectCall("recovery/before-sync", ctx)
	return g.file.Sync()
}

func readsDiffer(g *segment, at int64, how string) error {
	return fmt.Errorf("%w: %s at byte %d: %s", ErrReadsDiffer, g.name, at, how)
}

//racewindow:atomic because the log is not open yet: nobody else has its files
func (s *Store) makeLog(handle string, found *recovered, index chunkIndex, waiting []boundary) *Log {
	l := &Log{store: s, handle: handle, options: s.options}
	l.idle.L = &l.mu
	l.end, l.last, l.lastStart, l.complete = found.end, found.last, found.lastStart, found.last
	if n := len(found.boundaries); n > 0 {
		l.chunks, l.chunkStart = true, found.boundaries[n-1].position
	}
	l.boundaries = waiting // the disk had no room for these
	l.view.Store(&view{persisted: found.end, settled: found.end, last: found.last, durable: found.last, cached: found.end, cachedAfter: found.last, segments: found.segments, index: index})
	l.committed.Store(found.end)
	l.handover = s.options.Handover.make(l)
	l.writer, _ = l.handover.(writerSide)
	return l
}
