package storage

import "sort"

// An arena is a block of the tail: the very frames that the file will hold, at the same positions. The writer fills it
// from the front; readers look only below the committed position that they loaded, so they and the writer never touch
// the same byte. An arena that no view holds any more is freed by the garbage collector, after its last reader.
type arena struct {
	start uint64 // position of data[0]
	data  []byte
	// cover[k] is where the frame starts that holds byte k*coverBytes. The writer sets it before the frame is committed.
	cover []uint32
}

// coverBytes is the distance between two entry points into an arena: a search ends with walking that far.
const coverBytes = 512

func newArena(start uint64, bytes int) *arena {
	return &arena{
		start: start,
		data:  make([]byte, bytes),
		cover: make([]uint32, (bytes+coverBytes-1)/coverBytes),
	}
}

// first is the offset of the first frame.
func (a *arena) first() Offset { return frameOffset(a.data) }

// place makes the entry points of a frame at data[from:to].
func (a *arena) place(from, to int) {
	for k := (from + coverBytes - 1) / coverBytes; k*coverBytes < to; k++ {
		a.cover[k] = uint32(from)
	}
}

// seek returns where, below end, the first frame past after starts, or end. Both are indexes into data.
func (a *arena) seek(after Offset, end int) int {
	blocks := (end + coverBytes - 1) / coverBytes
	at := 0
	// Readers of a tail mostly want its newest records.
	if last := a.cover[blocks-1]; !after.Before(frameOffset(a.data[last:])) {
		at = int(last)
	} else if k := sort.Search(blocks-1, func(k int) bool { return after.Before(frameOffset(a.data[a.cover[k]:])) }); k > 0 {
		at = int(a.cover[k-1])
	}
	for at < end && !after.Before(frameOffset(a.data[at:])) {
		at += frameRoom(a.data[at:])
	}
	return at
}
