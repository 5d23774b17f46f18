package storage

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/pingcap/failpoint"
)

// Read yields the records past after in order, up to and including upTo, or up to the last complete transaction if that
// comes first. Neither bound need be the offset of a record. The zero Offset and End mean "from the start" and "to the
// end".
//
// The start of the iteration decides what is visible; appends and flushes during it change nothing. Whatever the range, it
// reads files through a buffer of at most 256 KiB, or of one record if that is larger. The part of the tail that it began
// with stays in memory until it ends, at most Options.TailBytes and CacheBytes. An error ends the iteration and is yielded with a zero
// Record: ErrClosed, a *DamageError, the context's error, or the disk's.
func (l *Log) Read(ctx context.Context, after, upTo Offset) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) { l.read(ctx, after, upTo, yield) }
}

func (l *Log) read(ctx context.Context, after, upTo Offset, yield func(Record, error) bool) {
	if err := l.readable(ctx); err != nil {
		yield(Record{}, err)
		return
	}
	s := l.handover.plan(ctx, l, after, upTo)
	if s.other != nil && !l.readOther(ctx, s.view, s.other, yield) {
		return
	}
	if s.tailFrom < s.tailEnd {
		s.view.readTail(ctx, s.tailFrom, s.tailEnd, upTo, yield)
	}
}

// readOther yields what the files and the eager frames serve. It says whether to go on with the arenas.
func (l *Log) readOther(ctx context.Context, v *view, o *otherSources, yield func(Record, error) bool) bool {
	if o.file && !l.readFile(ctx, v, o, yield) {
		return false
	}
	for _, frame := range o.eager {
		if !yield(frameRecord(frame), nil) {
			return false
		}
	}
	return true
}

// readTail yields the records that the arenas hold in the positions [from, to), up to upTo. A frame starts at from.
func (v *view) readTail(ctx context.Context, from, to uint64, upTo Offset, yield func(Record, error) bool) {
	for i := v.arenaAt(from); from < to; i++ {
		a, end := v.arenas[i], to
		if i+1 < len(v.arenas) {
			end = min(end, v.arenas[i+1].start)
		}
		failpoint.InjectCall("read/before-tail", ctx)
		for frames := a.data[from-a.start : end-a.start]; len(frames) > 0; {
			if upTo.Before(frameOffset(frames)) || !yield(frameRecord(frames), nil) {
				return
			}
			frames = frames[frameRoom(frames):]
			failpoint.InjectCall("read/between-tail-records", ctx)
		}
		from = end
	}
}

// A readStep says how a read goes on after one of its parts.
type readStep uint8

const (
	readOn      readStep = iota // with what follows
	readPast                    // with the tail: the upper bound of the files' part was passed
	readStopped                 // not at all: an error was yielded, or the caller has enough
)

// readFile yields the part of a read that the files serve. It says whether to go on with the rest.
func (l *Log) readFile(ctx context.Context, v *view, o *otherSources, yield func(Record, error) bool) bool {
	segments := v.segments
	position := v.index.seek(ctx, o.after)
	for i := v.segmentAt(position); i < len(segments); i++ {
		end := o.end
		if o.asItIs {
			end = math.MaxInt64
		}
		if i+1 < len(segments) {
			end = min(end, segments[i+1].start)
		}
		if position >= end {
			break
		}
		switch l.readSegment(ctx, v, o, segments[i], position, end, yield) {
		case readPast:
			return true
		case readStopped:
			return false
		}
		position = end
	}
	return true
}

// readSegment yields the records in the positions [from, end) of one file that lie within o's bounds.
func (l *Log) readSegment(ctx context.Context, v *view, o *otherSources, g *segment, from, end uint64, yield func(Record, error) bool) readStep {
	scan := newScanner(g.file, g.at(from), g.at(end), from)
	for scan.at < scan.end {
		frames, fault, err := scan.some(ctx)
		if err == nil && fault != frameIntact {
			if o.asItIs && g.positionAt(scan.at) >= min(v.persisted, o.end) {
				return readPast // a flush that writes there has not got further yet
			}
			err = &DamageError{File: l.handle + "/" + g.name, Byte: scan.at, Reason: fault.String()}
		}
		if err != nil {
			yield(Record{}, l.readError(g, err))
			return readStopped
		}
		scan.skip(frames)
		for ; len(frames) > 0; frames = frames[frameRoom(frames):] {
			switch offset := frameOffset(frames); {
			case o.upTo.Before(offset):
				return readPast
			case o.after.Before(offset) && !yield(frameRecord(frames), nil):
				return readStopped
			}
		}
	}
	return readOn
}

// readError says where a read failed, or that the log was closed during the read.
//
//racewindow:atomic because it is called only after a read has failed, and the answer does not change any more
func (l *Log) readError(g *segment, err error) error {
	if b := l.broken.Load(); b != nil && errors.Is(b.err, ErrClosed) {
		return b.err
	}
	return fmt.Errorf("read log %s, segment %s: %w", l.handle, g.name, err)
}
