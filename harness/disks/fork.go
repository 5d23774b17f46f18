package disks

import (
	"crypto/sha256"
	"fmt"
	"hash"
)

// Fork returns an independent copy of the disk in its present state, including unsynced effects. It is what the next process
// finds after this one was killed but the machine was not. The copy's lock is free, it has no faults, and its draws follow
// from the seed 0.
//
//go:norace
func (d *Disk) Fork() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := forking{}
	to := New()
	to.root, to.misplaced = f.node(d.root), d.misplaced
	for k := range d.journal {
		c := d.journal[k]
		for i := 0; i < c.count; i++ {
			c.edits[i].folder, c.edits[i].node = f.node(c.edits[i].folder), f.node(c.edits[i].node)
		}
		to.journal = append(to.journal, c)
	}
	return to
}

// A forking records which nodes have been copied.
type forking struct{ from, to []*node }

//go:norace
func (f *forking) node(n *node) *node {
	if n == nil {
		return nil
	}
	for i := range f.from {
		if f.from[i] == n {
			return f.to[i]
		}
	}
	c := &node{folder: n.folder, cache: n.cache.clone(), durable: n.durable.clone(), dropped: n.dropped}
	f.from, f.to = append(f.from, n), append(f.to, c)
	//lint:ignore S1011 append of a whole slice is copied by the runtime, which tells the race detector even in here
	for k := range n.lost {
		c.lost = append(c.lost, n.lost[k])
	}
	//lint:ignore S1011 as above
	for k := range n.pending {
		c.pending = append(c.pending, n.pending[k])
	}
	c.now, c.before = f.entries(n.now), f.entries(n.before)
	return c
}

//go:norace
func (f *forking) entries(all []entry) (copied []entry) {
	for k := range all {
		copied = append(copied, entry{all[k].name, f.node(all[k].node)})
	}
	return copied
}

// Flip returns the image with one bit of a file changed, as a decaying disk would return it. bit counts from 0 within the
// file; if it lies outside, nothing changes. The change shows under every name of the file.
func (i *Image) Flip(path string, bit int64) *Image {
	flipped := &Image{model: i.model, files: append([]imageFile(nil), i.files...)}
	for _, f := range i.files {
		if f.path != path || f.folder || bit/8 >= f.content.size {
			continue
		}
		first := f.link
		changed := f.content.clone()
		within := bit / 8 % SectorBytes
		s := new(sector)
		if old := changed.at(int(bit / 8 / SectorBytes)); old != nil {
			*s = *old
		}
		s[within] ^= 1 << (bit % 8)
		changed.set(int(bit/8/SectorBytes), s)
		for n := range flipped.files {
			if !flipped.files[n].folder && flipped.files[n].link == first {
				flipped.files[n].content = &changed
			}
		}
		return flipped
	}
	return flipped
}

// Fingerprint identifies the present state of the disk, including what is not synced, dropped or lost (SHA-256). Two disks
// with equal fingerprints are equal to every user and for every crash.
//
//go:norace
func (d *Disk) Fingerprint() (sum [hashBytes]byte) {
	s := d.snapshot()
	h := sha256.New()
	for k := range s.states {
		n := s.nodes[k]
		durable, cache := s.states[k].durable.hash(), n.cache.hash()
		fmt.Fprintf(h, "%d %t %x %x %d\n", k, s.folder[k], durable, cache, n.dropped)
		s.tellNames(h, k)
		for _, l := range s.states[k].lost {
			fmt.Fprintf(h, "lost %d ", l.number)
			tellSector(h, l.sector)
		}
		for i := range s.states[k].pending {
			e := &s.states[k].pending[i]
			fmt.Fprintf(h, "pending %d %d %d %d %t ", e.first, e.from, e.to, e.cut, e.stepwise)
			for j := range e.sectors {
				tellSector(h, &e.sectors[j])
			}
		}
	}
	for k := range s.journal {
		c := &s.journal[k]
		for _, e := range c.edits[:c.count] {
			fmt.Fprintf(h, "%d %q %d %t ", s.number(e.folder), e.name, s.number(e.node), e.synced)
		}
	}
	h.Sum(sum[:0])
	return sum
}

func (s *snapshot) tellNames(h hash.Hash, k int) {
	for _, e := range s.before[k] {
		fmt.Fprintf(h, "%q %d ", e.name, s.number(e.node))
	}
}

func tellSector(h hash.Hash, s *sector) {
	if s == nil {
		s = &sector{}
	}
	h.Write(s[:])
}
