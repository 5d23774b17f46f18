package storage

import "sort"

// A view is what a reader needs to find a record, as of one moment. It is immutable: a flush, a new arena and an abort
// each publish a new one.
//
// Flushed records may stay in arenas as a cache. Any reader may use it, since memory and files hold the same bytes at the
// same positions.
//
// The view does not say how far records are committed. Log.committed does, one atomic position, because a view per append
// would cost more than the append. A reader loads committed FIRST and the view SECOND. Then the view covers every position
// below committed: an arena is in the view before anything in it is committed, and leaves only in a view whose persisted
// position covers all of it. (In the other order the view could be older than the committed position, and have neither
// arena nor file for the last records.)
type view struct {
	// persisted is the position up to which the files hold everything, synced. It may lie inside a transaction.
	persisted uint64
	// settled is the position past the last complete transaction below persisted. Neither recovery nor an abort cuts
	// anything before it.
	settled uint64
	// last is the offset of the last record below persisted, zero if there is none.
	last Offset
	// durable is the offset of the last record of the last complete transaction below persisted.
	durable Offset
	// cached is the position from which readers are served from memory, at or before persisted; cachedAfter is the offset
	// of the last record before it, zero if there is none. Without a cache these are persisted and last.
	cached      uint64
	cachedAfter Offset
	// arenas hold at least all positions from cached on, in order. The writer fills the last one.
	arenas []*arena
	// segments are the files, in order. Together they hold [0, persisted).
	segments []*segment
	index    chunkIndex
}

// tail calls visit with each arena's bytes between the positions from and to, in order, until visit returns false.
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

// arenaAt returns the index of the arena that holds position, in most calls the last.
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

// seekTail returns the position of the first record past after in [cached, to), or to if there is none. The range must
// not be empty.
func (v *view) seekTail(after Offset, to uint64) uint64 {
	i := v.arenaAt(to - 1)
	if i > 0 && after.Before(v.arenas[i].first()) {
		i = sort.Search(i-1, func(i int) bool { return after.Before(v.arenas[i+1].first()) })
		to = v.arenas[i+1].start
	}
	a := v.arenas[i]
	return max(v.cached, a.start+uint64(a.seek(after, int(to-a.start))))
}

// maxCachedArenas bounds the list that each new arena copies.
const maxCachedArenas = 256

// keepCached takes back those of the arenas before the view's that fit in cacheBytes, newest first. all are the arenas that
// end with the view's. With 0 bytes readers are served from memory only past the persisted position.
func (v *view) keepCached(all []*arena, cacheBytes int64) {
	v.cached, v.cachedAfter = v.persisted, v.last
	if cacheBytes <= 0 || len(all) == 0 {
		return
	}
	i := len(all) - len(v.arenas)
	for kept := 0; i > 0 && kept < maxCachedArenas && int64(len(all[i-1].data)) <= cacheBytes; kept++ {
		i--
		cacheBytes -= int64(len(all[i].data))
	}
	v.arenas = all[i:]
	if first := v.arenas[0]; first.start < v.persisted {
		v.cached, v.cachedAfter = first.start, first.previous
	}
}

// segmentAt returns the index of the segment that holds position.
func (v *view) segmentAt(position uint64) int {
	i := len(v.segments) - 1
	for i > 0 && v.segments[i].start > position {
		i--
	}
	return i
}
