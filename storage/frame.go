package storage

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// A frame is a record as the tail and the file hold it. All numbers are little-endian.
//
//	byte  0       4       8               16              24    26 27   28      32
//	      +-------+-------+---------------+---------------+-----+--+----+-------+----------+------------+---------+
//	      | CRC   |length | Tx            | Op            | key |op|flag| since | key …    | value …    | 0 … pad |
//	      +-------+-------+---------------+---------------+-----+--+----+-------+----------+------------+---------+
//
// Frames start at multiples of 8. length counts the header but not the padding. CRC is the CRC-32C of the bytes from
// length to the end of the value; its start value depends on the frame's position (frameSeed).
//
// "since" is a distance in units of 8 bytes: from the position that was durable when the frame was encoded, counting
// whole transactions only, to the frame itself. So an intact frame proves that everything before that position had been
// synced, which tells damage from a torn tail (recovery.go). The largest value means unknown or too far.
//
// A header of zeros is no frame, so preallocated space ends a log.
const (
	frameHeaderBytes = 32
	frameAlign       = 8
	flagLast         = 1 // last record of its transaction
	sinceUnknown     = math.MaxUint32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameBytes is the number of bytes that a record takes, including padding.
func frameBytes(key, value int) int {
	return (frameHeaderBytes + key + value + frameAlign - 1) &^ (frameAlign - 1)
}

// frameSeed is the start value for the checksum of the frame at a position. Because of it the bytes of a frame are intact
// at one position only: frames inside a value, such as a copy of a log, cannot pass for a part of the log.
func frameSeed(position uint64) uint32 { return uint32(position/frameAlign) ^ uint32(position>>35) }

// encodeFrame writes r to dst, which is frameBytes long and will lie at position.
func encodeFrame(dst []byte, r *Record, last bool, since, position uint64) {
	length := frameHeaderBytes + len(r.Key) + len(r.Value)
	h := headerOf(dst)
	binary.LittleEndian.PutUint32(h[4:], uint32(length))
	binary.LittleEndian.PutUint64(h[8:], r.Offset.Tx)
	binary.LittleEndian.PutUint64(h[16:], r.Offset.Op)
	binary.LittleEndian.PutUint16(h[24:], uint16(len(r.Key)))
	h[26] = byte(r.Operation)
	h[27] = 0
	if last {
		h[27] = flagLast
	}
	binary.LittleEndian.PutUint32(h[28:], uint32(min(since/frameAlign, sinceUnknown)))
	copy(dst[frameHeaderBytes:], r.Key)
	copy(dst[frameHeaderBytes+len(r.Key):], r.Value)
	clear(dst[length:])
	binary.LittleEndian.PutUint32(h[:], crc32.Update(frameSeed(position), castagnoli, dst[4:length]))
}

// headerOf returns the header as an array, so that bounds are checked once and not for each field.
func headerOf(f []byte) *[frameHeaderBytes]byte { return (*[frameHeaderBytes]byte)(f) }

// The functions below read the header of an intact frame.

func frameOffset(f []byte) Offset {
	h := headerOf(f)
	return Offset{Tx: binary.LittleEndian.Uint64(h[8:]), Op: binary.LittleEndian.Uint64(h[16:])}
}

func frameLength(f []byte) int { return int(binary.LittleEndian.Uint32(headerOf(f)[4:])) }

func frameRoom(f []byte) int { return roomOf(frameLength(f)) }

// roomOf is how many bytes a frame of that length takes, including padding.
func roomOf(length int) int { return (length + frameAlign - 1) &^ (frameAlign - 1) }

func frameIsLast(f []byte) bool { return headerOf(f)[27]&flagLast != 0 }

// frameDurable is the position that was durable when the frame at position was encoded, 0 if the frame does not say.
func frameDurable(f []byte, position uint64) uint64 {
	since := binary.LittleEndian.Uint32(headerOf(f)[28:])
	if since == sinceUnknown || uint64(since)*frameAlign > position {
		return 0
	}
	return position - uint64(since)*frameAlign
}

// frameRecord decodes an intact frame. Key and Value point into f.
func frameRecord(f []byte) Record {
	h := headerOf(f)
	key := frameHeaderBytes + int(binary.LittleEndian.Uint16(h[24:]))
	length := int(binary.LittleEndian.Uint32(h[4:]))
	return Record{
		Offset:    Offset{Tx: binary.LittleEndian.Uint64(h[8:]), Op: binary.LittleEndian.Uint64(h[16:])},
		Operation: Operation(h[26]),
		Key:       f[frameHeaderBytes:key:key],
		Value:     f[key:length:length],
	}
}

// A frameFault says why bytes are not an intact frame.
type frameFault uint8

const (
	frameIntact frameFault = iota
	frameShort             // the header is plausible, the bytes end early
	frameZero              // a header of zeros: nothing was ever written here
	frameHeader            // the header contradicts itself
	frameSum               // the checksum does not match
)

func (f frameFault) String() string {
	return [...]string{
		"intact", "the frame is longer than what follows", "zeros where a frame should start",
		"the frame's header contradicts itself", "the frame's checksum does not match",
	}[f]
}

// checkFrame says whether the bytes at the start of b are an intact frame at position. maxBytes bounds the length that a
// header may claim, so that a hostile header cannot make the caller allocate much.
func checkFrame(b []byte, maxBytes int, position uint64) frameFault {
	if fault := checkFrameHeader(b, maxBytes); fault != frameIntact {
		return fault
	}
	length := frameLength(b)
	if length > len(b) {
		return frameShort
	}
	if crc32.Update(frameSeed(position), castagnoli, b[4:length]) != binary.LittleEndian.Uint32(b) {
		return frameSum
	}
	return frameIntact
}

func checkFrameHeader(b []byte, maxBytes int) frameFault {
	if len(b) < frameHeaderBytes {
		if allZero(b) {
			return frameZero
		}
		return frameShort
	}
	length := frameLength(b)
	switch {
	case length == 0 && allZero(b[:frameHeaderBytes]):
		return frameZero
	case length < frameHeaderBytes+int(binary.LittleEndian.Uint16(b[24:])), length > maxBytes, b[27]&^flagLast != 0:
		return frameHeader
	}
	return frameIntact
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// maxFrameBytes bounds the length of a frame that any allowed options can have written.
const maxFrameBytes = frameHeaderBytes + MaxKeyBytes + maxValueBytes + frameAlign
