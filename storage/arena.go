package storage

import "sort"

// An arena is a block of the tail. It holds the same bytes as the file will, at the same positions of the log. The writer
// fills it from the front. Readers read only below the committed position that they loaded, so they and the writer never
// touch the same byte. When no view and no reader holds an arena any more, the garbage collector frees it.
type arena struct {
	start    uint64 // position of data[0]
	previous Offset // of the last frame before start, zero if there is none
	data     []byte
	// cover[k] is the index in data at which the frame with byte k*coverBytes starts. The writer sets it before it commits
	// the frame.
	cover []uint32
}

// coverBytes is the distance between two entry points into an arena. A search walks at most that far after its entry point.
const coverBytes = 512

// newArena makes an arena of memory that is all zero.
func newArena(start uint64, memory []byte) *arena {
	return &arena{
		start: start,
		data:  memory,
		cover: make([]uint32, (len(memory)+coverBytes-1)/coverBytes),
	}
}

// first is the offset of the first frame.
func (a *arena) first() Offset { return frameOffset(a.data) }

// place sets the entry points that lie in the frame at data[from:to].
func (a *arena) place(from, to int) {
	for k := (from + coverBytes - 1) / coverBytes; k*coverBytes < to; k++ {
		a.cover[k] = uint32(from)
	}
}

// seek returns where the first frame past after starts, or end if there is none below end. Both are indexes into data.
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
