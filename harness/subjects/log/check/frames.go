package check

import (
	"encoding/binary"
	"hash/crc32"
)

// Values may hold what a log's own files hold: a copy of one is a value like any other, and none of it may be taken for a part of the
// log that holds it. So such a value consists of frames (storage/frame.go) that are intact at the start of a log, and claim that
// everything before them was durable.
const (
	frameAlign       = 8
	frameHeaderBytes = 32
	framedBytes      = frameHeaderBytes + frameAlign // with a value of 8 bytes, and no key
	firstFrame       = frameAlign - (frameHeaderBytes+identityBytes)%frameAlign
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// enframe turns the bytes of a value into frames, from where the frames of the log that will hold it are aligned. The last 8 bytes of
// each stay as they are.
//
//go:norace
func enframe(value []byte) {
	for at := firstFrame; at+framedBytes <= len(value); at += framedBytes {
		f := value[at : at+framedBytes]
		clear(f[:frameHeaderBytes])
		binary.LittleEndian.PutUint32(f[4:], framedBytes)
		binary.LittleEndian.PutUint64(f[8:], 1) // transaction 1
		f[27] = 1                               // its last record
		binary.LittleEndian.PutUint32(f, crc32.Checksum(f[4:], castagnoli))
	}
}
