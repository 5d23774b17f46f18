package storage

import "sort"

// A view is what a reader needs to find a record, as it was at one moment. It is immutable: a flush, a new arena and a
// new segment each publish another one.
//
// What is committed inside it is not in it, but in Log.committed, one atomic position, because a view per append would
// cost more than the append. A reader loads committed FIRST and the view SECOND. Then every position below committed is
// in the view it got: an arena is published before anything in it is committed, and leaves the views only when all of it
// is durable, which the same view says. (In the other order the view could be older than the committed position, and
// know neither arena nor file for its last records.)
type view struct {
	// persisted is the position up to which the files hold everything, synced. It may lie inside a transaction.
	persisted uint64
	// settled is the position past the last complete transaction below persisted: no recovery and no abort ever cuts before it.
	settled uint64
	// last is the offset of the last record below persisted, zero if there is none.
	last Offset
	// durable is the offset of the last record of the last complete transaction below persisted.
	durable Offset
	// arenas hold at least all positions from persisted on, in order. The last one is being filled.
	arenas []*arena
	// segments are the files, in order. Together they hold [0, persisted).
	segments []*segment
	index    chunkIndex
}

// tail calls visit with the committed bytes of each arena from position from to position to, in order.
func (v *view) tail(from, to uint64, visit func(frames []byte) bool) {
	for i, a := range v.arenas {
		end := to
		if i+1 < len(v.arenas) {
			end = min(to, v.arenas[i+1].start)
		}
		if begin := max(from, a.start); begin < end && !visit(a.data[begin-a.start:end-a.start]) {
			return
		}
	}
}

// arenaAt returns the index of the arena that holds position, mostly the last.
func (v *view) arenaAt(position uint64) int {
	last := len(v.arenas) - 1
	if v.arenas[last].start <= position {
		return last
	}
	return v.olderArenaAt(position)
}

func (v *view) olderArenaAt(position uint64) int {
	return sort.Search(len(v.arenas), func(i int) bool { return v.arenas[i].start > position }) - 1
}

// seekTail returns the position of the first record past after that lies in [persisted, to), or to. There must be one
// in that range.
func (v *view) seekTail(after Offset, to uint64) uint64 {
	i := v.arenaAt(to - 1)
	if i > 0 && after.Before(v.arenas[i].first()) {
		i = sort.Search(i-1, func(i int) bool { return after.Before(v.arenas[i+1].first()) })
		to = v.arenas[i+1].start
	}
	a := v.arenas[i]
	return max(v.persisted, a.start+uint64(a.seek(after, int(to-a.start))))
}

// segmentAt returns the index of the segment that holds position.
func (v *view) segmentAt(position uint64) int {
	i := len(v.segments) - 1
	for i > 0 && v.segments[i].start > position {
		i--
	}
	return i
}
