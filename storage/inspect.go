package storage

import "math"

// A State is what a log holds at one moment. A report draws it beside each step of an execution.
type State struct {
	// Visible is the last record that the metadata shows to readers. Persisted is the last one that the metadata says the
	// files hold.
	Visible, Persisted Offset
	// Tail lists the records that a reader would find in memory now.
	Tail []Offset
	// File lists the records that the files hold intact. Those past Persisted are written, but readers do not know it yet.
	File []Offset
}

// maxInspected bounds the lists of a State: it keeps the newest records.
const maxInspected = 64

// An onlooker is a hand-over that can show metadata and a tail of its own.
type onlooker interface {
	inspect() (m tailMetadata, frames [][]byte)
}

// Inspect returns the log's state without taking a lock and without passing a failpoint. Nothing may run meanwhile: only a
// scheduler that runs one thread at a time may call it, between two steps, in a build without -race.
//
//racewindow:atomic because nothing runs meanwhile
func (l *Log) Inspect() (s State) {
	v, committed := l.view.Load(), l.committed.Load()
	s.Visible, s.Persisted = v.durable, v.last
	v.tail(v.persisted, committed, func(b []byte) bool {
		for len(b) > 0 {
			s.Visible = frameOffset(b)
			s.Tail = append(s.Tail, s.Visible)
			b = b[frameRoom(b):]
		}
		return true
	})
	if h, ok := l.handover.(onlooker); ok {
		m, frames := h.inspect()
		s.Visible, s.Persisted, s.Tail = m.seen, m.persisted, nil
		for _, f := range frames {
			s.Tail = append(s.Tail, frameOffset(f))
		}
	}
	for _, g := range v.segments {
		s.File = append(s.File, g.inspect()...)
	}
	s.Tail, s.File = newest(s.Tail), newest(s.File)
	return s
}

func newest(all []Offset) []Offset { return all[max(0, len(all)-maxInspected):] }

// inspect lists the intact frames of a file, up to the first that is not intact or cannot be read.
//
//racewindow:atomic because nothing runs meanwhile
func (s *segment) inspect() (found []Offset) {
	var header [frameHeaderBytes]byte
	size, _ := s.file.Size()
	for position := s.start; position < math.MaxInt64; {
		if n, _ := s.file.ReadAt(header[:], s.at(position)); n < len(header) || checkFrameHeader(header[:], maxFrameBytes) != frameIntact {
			break
		}
		if int64(frameLength(header[:])) > size-s.at(position) {
			break // a header may claim millions of bytes that are not there
		}
		frame := make([]byte, frameLength(header[:]))
		if n, _ := s.file.ReadAt(frame, s.at(position)); n < len(frame) || checkFrame(frame, maxFrameBytes, position) != frameIntact {
			break
		}
		found = append(found, frameOffset(frame))
		position += uint64(frameRoom(frame))
	}
	return found
}

// Learns says what a reader loaded from the metadata in the step that ended at a failpoint: how far records are visible,
// how far the files reach, or both.
func (l *Log) Learns(point string) (visible, persisted bool) {
	switch point {
	case "read/committed-loaded":
		return true, false
	case "read/metadata-loaded":
		return l.writer != nil, true
	case "read/rechecked":
		return false, true
	}
	return false, false
}

func (t *sharedTail) inspect() (tailMetadata, [][]byte) {
	return *t.row.Load(), t.frames //racewindow:atomic because nothing runs meanwhile
}

func (h *retain) inspect() (m tailMetadata, frames [][]byte) {
	for _, g := range h.generations {
		frames = append(frames, g.frames...)
	}
	return *h.row.Load(), frames //racewindow:atomic because nothing runs meanwhile
}
