package storage

import (
	"encoding/binary"
	"hash/crc32"
)

// maxSum3Bytes is the length from which on crc32.Update itself works on three parts of a frame at once.
const maxSum3Bytes = 504

// intact3 is how many bytes at the start of b hold three short frames that are intact, 0 if it cannot tell. The first of them
// lies at position.
func intact3(b []byte, position uint64) int {
	first := shortFrame(b)
	if first == 0 || !canSum3 {
		return 0
	}
	at := roomOf(first)
	second := shortFrame(b[at:])
	if second == 0 {
		return 0
	}
	at2 := at + roomOf(second)
	third := shortFrame(b[at2:])
	if third == 0 {
		return 0
	}
	words := min(first, second, third) / 8
	x, y, z := sums3(&b[0], &b[at], &b[at2], words, frameSeed(position), frameSeed(position+uint64(at)), frameSeed(position+uint64(at2)))
	if done := words * 8; first|second|third != done { // not all of them end there
		x = crc32.Update(x, castagnoli, b[done:first])
		y = crc32.Update(y, castagnoli, b[at+done:at+second])
		z = crc32.Update(z, castagnoli, b[at2+done:at2+third])
	}
	if x != binary.LittleEndian.Uint32(b) || y != binary.LittleEndian.Uint32(b[at:]) || z != binary.LittleEndian.Uint32(b[at2:]) {
		return 0
	}
	return at2 + roomOf(third)
}

// shortFrame is the length of the frame at the start of b, or 0 if b does not hold all of one, padding too, that has a sound
// header and less than maxSum3Bytes.
func shortFrame(b []byte) int {
	if len(b) < frameHeaderBytes {
		return 0
	}
	h := headerOf(b)
	length := int(binary.LittleEndian.Uint32(h[4:]))
	about := int(binary.LittleEndian.Uint32(h[24:])) // length of the key, operation, flags
	if length < frameHeaderBytes+about&0xffff || about>>24&^flagLast != 0 || length >= maxSum3Bytes || roomOf(length) > len(b) {
		return 0
	}
	return length
}
