package disks

import (
	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// SectorBytes is the size of a sector, which a disk writes as a whole: a crash tears writes at multiples of it.
const SectorBytes = 512

type sector = [SectorBytes]byte

// A content is the bytes of a file. Sectors in a content are immutable, so contents share them.
type content struct {
	size int64
	// sectors that are nil or missing are zeros; so are the bytes of the last sector after size.
	sectors []*sector
	// sum is the content's hash, if known. A content is changed only after cloning, and the clone has no sum.
	sum *[hashBytes]byte
}

//go:norace
func (c *content) at(i int) *sector {
	if i < len(c.sectors) {
		return c.sectors[i]
	}
	return nil
}

//go:norace
func (c *content) set(i int, s *sector) {
	for len(c.sectors) <= i {
		if s == nil {
			return
		}
		c.sectors = append(c.sectors, nil)
	}
	c.sectors[i] = s
}

//go:norace
func (c *content) clone() content {
	to := make([]*sector, len(c.sectors))
	for i := len(to) - 1; i >= 0; i-- { // the built-in copy would show in the race detector
		to[i] = c.sectors[i]
	}
	return content{size: c.size, sectors: to}
}

// sectorsFor returns how many sectors hold so many bytes.
func sectorsFor(bytes int64) int { return int((bytes + SectorBytes - 1) / SectorBytes) }

// cut returns the first bytes of a sector, followed by zeros; nil stands for zeros only.
//
//go:norace
func cut(s *sector, bytes int64) *sector {
	if s == nil || bytes <= 0 {
		return nil
	}
	if bytes < SectorBytes {
		kept := new(sector)
		raceoff.Copy(kept[:bytes], s[:bytes])
		s = kept
	}
	if *s == (sector{}) {
		return nil
	}
	return s
}

// An effect is a change of a file that no sync has yet made durable.
type effect struct {
	// sectors are what the cache held after the change, for the sectors from first on.
	first   int
	sectors []sector
	// from and to are the file's length before and after the change.
	from, to int64
	// cut is the length to which a truncation cut the file, -1 for other changes.
	cut int64
	// stepwise says that the change of the length may stop at any sector.
	stepwise bool
	// astray says that the disk gets these sectors, and the cache does not.
	astray bool
}

// A lostSector was in the cache when a sync failed. It may have reached the disk, and no sync will write it again.
type lostSector struct {
	number int
	sector *sector
}

// A node is a file or a folder, independent of its names.
type node struct {
	folder bool
	name   string // the path of the last create, open or rename

	// For a folder: its names now, and its names before the first edit in the journal, both sorted.
	now, before []entry

	// For a file: what the engine sees, and what is certainly on the disk.
	cache, durable content
	lost           []lostSector // older than everything pending
	pending        []effect
	// dropped is how many of the pending effects a failed sync has marked clean.
	dropped int
}

//go:norace
func (f *node) read(p []byte, at int64) (n int) {
	for n < len(p) && at < f.cache.size {
		within := int(at % SectorBytes)
		part := int(min(int64(len(p)-n), f.cache.size-at, int64(SectorBytes-within)))
		if s := f.cache.at(int(at / SectorBytes)); s != nil {
			raceoff.Copy(p[n:n+part], s[within:])
		} else {
			clear(p[n : n+part])
		}
		n += part
		at += int64(part)
	}
	return n
}

//go:norace
func (f *node) write(p []byte, at int64) {
	if len(p) == 0 {
		return
	}
	end := at + int64(len(p))
	first := int(at / SectorBytes)
	e := effect{first: first, sectors: make([]sector, sectorsFor(end)-first), from: f.cache.size, cut: -1, stepwise: true}
	within := int(at % SectorBytes)
	for k := range e.sectors {
		part := min(SectorBytes-within, len(p))
		if old := f.cache.at(first + k); old != nil && part < SectorBytes {
			e.sectors[k] = *old
		}
		raceoff.Copy(e.sectors[k][within:], p[:part])
		f.cache.set(first+k, &e.sectors[k])
		p, within = p[part:], 0
	}
	f.cache.size = max(f.cache.size, end)
	e.to = f.cache.size
	f.pending = append(f.pending, e)
}

// misplace is write for bytes that do not reach the disk where they belong. They reach it that many sectors further on, if the file
// has those sectors; with 0 they reach it nowhere.
//
//go:norace
func (f *node) misplace(p []byte, at int64, further int) {
	if len(p) == 0 {
		return
	}
	f.write(p, at)
	e := &f.pending[len(f.pending)-1]
	written := e.sectors
	e.sectors = nil
	e.first += further
	keep := min(sectorsFor(f.cache.size)-e.first, len(written))
	if further == 0 || keep <= 0 {
		return
	}
	e.astray, e.sectors = true, make([]sector, keep)
	for k := range e.sectors {
		e.sectors[k] = written[k]
	}
}

// resize truncates the file, or extends it with zeros.
//
//go:norace
func (f *node) resize(bytes int64) {
	e := effect{from: f.cache.size, to: bytes, cut: -1}
	if bytes == e.from {
		return
	}
	f.cache.size = bytes
	if bytes < e.from {
		e.cut = bytes
		f.cutCache(&e)
	}
	f.pending = append(f.pending, e)
}

// cutCache cuts the cache at e.cut. The rest of the last sector is a new state of that sector, and so part of the effect.
//
//go:norace
func (f *node) cutCache(e *effect) {
	keep := sectorsFor(e.cut)
	if keep >= 1 && e.cut%SectorBytes > 0 && f.cache.at(keep-1) != nil {
		e.first, e.sectors = keep-1, make([]sector, 1)
		raceoff.Copy(e.sectors[0][:], f.cache.at(keep - 1)[:e.cut%SectorBytes])
		f.cache.sectors[keep-1] = &e.sectors[0]
	}
	if keep < len(f.cache.sectors) {
		f.cache.sectors = f.cache.sectors[:keep:keep]
	}
}

// sync makes durable what was written since the last sync, whether that failed or not. With nothing to write it does
// nothing.
//
//go:norace
func (f *node) sync() {
	if len(f.pending) == f.dropped {
		return
	}
	s := f.states()
	f.lost = s.settleLost(f.dropped)
	for i := range f.durable.sectors {
		f.durable.sectors[i] = s.through(state{f.durable.sectors[i], -1}, i, len(f.pending))
	}
	for k := range f.pending[f.dropped:] {
		e := &f.pending[f.dropped+k]
		for i := range e.sectors {
			switch {
			case int64(e.first+i)*SectorBytes >= f.cache.size:
			case e.astray:
				f.durable.set(e.first+i, &e.sectors[i])
			default:
				f.durable.set(e.first+i, f.cache.at(e.first+i))
			}
		}
	}
	if keep := sectorsFor(f.cache.size); keep < len(f.durable.sectors) {
		f.durable.sectors = f.durable.sectors[:keep:keep]
	}
	f.durable.size = f.cache.size
	f.pending, f.dropped = nil, 0
}

// failSync marks everything clean: pending effects may or may not survive, and no later sync writes them.
//
//go:norace
func (f *node) failSync() { f.dropped = len(f.pending) }
