package storage

// The memory of arenas. To a process, memory that it touches for the first time costs a page fault for each 4 KiB, which on a
// virtual machine takes longer than filling the page: a log that appends as fast as it can spent most of its time there. So a
// log that has filled slabAfter bytes takes its arenas from slabs, for which it asks the system for huge pages.
//
// A slab is memory like any other: the garbage collector frees it when nobody holds one of its arenas any more. So an
// arena that is kept may keep a slab, and only a store with few logs has slabs.

const (
	slabBytes = 2 << 20
	slabAfter = 256 << 10
	// slabLogs is how many open logs of a store may have slabs.
	slabLogs = 32
)

// A slab is the rest of the memory from which the next arenas are taken.
type slab struct {
	free  []byte
	taken int64 // bytes of all arenas until now
}

// take returns memory for an arena, all zero. few says whether the store has at most slabLogs open logs.
func (s *slab) take(bytes int, few bool) []byte {
	s.taken += int64(bytes)
	if !few || s.taken <= slabAfter || bytes > slabBytes/2 {
		s.free = nil
		return make([]byte, bytes)
	}
	if len(s.free) < bytes {
		s.free = make([]byte, slabBytes)
		adviseHugePages(s.free)
	}
	room := s.free[:bytes:bytes]
	s.free = s.free[bytes:]
	return room
}
