package disks

import "math"

// A Moment is a disk's state at one moment, which determines every crash at that moment. It stays the same while the disk
// goes on. Only one goroutine may use it; its images are for any.
type Moment struct {
	model Model
	names *namespaces
	files []*variants // by node; nil until needed
}

// At returns the present moment of the disk, for crashes in a model. It costs one pointer for each sector of the disk.
func (d *Disk) At(m Model) *Moment {
	s := d.snapshot()
	return &Moment{model: m, names: newNamespaces(m, s), files: make([]*variants, len(s.nodes))}
}

// Images returns how many distinct disks a crash now may leave, at most math.MaxUint64. If exact is false, count is an upper
// bound, because some of the disks may be equal.
func (d *Disk) Images(m Model) (count uint64, exact bool) { return d.At(m).Images() }

// Enumerate returns every distinct disk that a crash now may leave, if there are at most limit; otherwise nil. The order is
// always the same, the oldest first.
func (d *Disk) Enumerate(m Model, limit int) []*Image { return d.At(m).Enumerate(limit) }

// Sample draws a disk that a crash now may leave. Equal effects and equal tapes give equal disks, byte for byte. Every disk
// is possible; a tape of zeros gives the newest.
func (d *Disk) Sample(m Model, tape *Tape) *Image { return d.At(m).Sample(tape) }

// Unsynced returns how many effects a loss of power could undo now: writes, and changes of lengths and of names. If it is 0,
// a crash shows nothing.
//
//go:norace
func (d *Disk) Unsynced() (effects int) {
	effects, _ = d.snapshot().unsynced()
	return effects
}

// Unsynced is like Disk.Unsynced; dropped is how many of these effects a failed sync has marked clean.
func (m *Moment) Unsynced() (effects, dropped int) { return m.names.s.unsynced() }

//go:norace
func (s *snapshot) unsynced() (effects, dropped int) {
	for i := range s.states {
		effects += len(s.states[i].pending) + len(s.states[i].lost)
		dropped += s.states[i].dropped
	}
	for k := range s.journal {
		if !s.journal[k].settled() {
			effects++
		}
	}
	return effects, dropped
}

// Images is like Disk.Images.
func (m *Moment) Images() (count uint64, exact bool) {
	spaces, few := m.spaces(fewVariants)
	if !few {
		count = m.names.count()
		for number, folder := range m.names.s.folder {
			if !folder {
				count = times(count, m.variants(number).count)
			}
		}
		return count, false
	}
	count, exact = m.total(spaces)
	if exact || count > fewVariants {
		return count, exact
	}
	if all := m.list(spaces); all != nil {
		return uint64(len(all)), true
	}
	return count, false
}

// Enumerate is like Disk.Enumerate.
func (m *Moment) Enumerate(limit int) []*Image {
	const equal = 8 // how many times limit there may be, before equal ones are dropped
	spaces, few := m.spaces(equal * limit)
	if !few {
		return nil
	}
	if count, _ := m.total(spaces); count > equal*uint64(limit) {
		return nil
	}
	if all := m.list(spaces); len(all) <= limit {
		return all
	}
	return nil
}

// Sample is like Disk.Sample.
func (m *Moment) Sample(tape *Tape) *Image {
	links := m.names.sample(tape)
	chosen := make([]*content, len(m.files))
	for _, l := range links {
		if !l.folder && chosen[l.node] == nil {
			chosen[l.node] = m.uncounted(l.node).sample(tape)
		}
	}
	return m.image(links, func(number int) *content { return chosen[number] })
}

func (m *Moment) uncounted(number int) *variants {
	if m.files[number] == nil {
		m.files[number] = newVariants(m.model, m.names.s.states[number])
	}
	return m.files[number]
}

func (m *Moment) variants(number int) *variants {
	v := m.uncounted(number)
	v.tally()
	return v
}

// spaces lists the distinct namespaces, if there are at most limit, counting equal ones.
func (m *Moment) spaces(limit int) (all [][]link, few bool) {
	count := m.names.count()
	if count > uint64(limit) {
		return nil, false
	}
	known := map[string]bool{}
	for k := range count {
		links := m.names.at(k)
		text := []byte(nil)
		for _, l := range links {
			text = append(append(text, l.path...), 0, byte(l.node), byte(l.node>>8), byte(l.node>>16))
		}
		if !known[string(text)] {
			known[string(text)] = true
			all = append(all, links)
		}
	}
	return all, true
}

// total adds up the images of all namespaces. It is exact if no two namespaces have the same paths, and the counts of the
// files are exact.
func (m *Moment) total(spaces [][]link) (count uint64, exact bool) {
	exact = true
	known := map[string]bool{}
	for _, links := range spaces {
		product, shape := uint64(1), ""
		for k, l := range links {
			first := firstLink(links, k)
			shape += l.path + "\x00" + string(rune(first+1))
			if l.folder {
				shape += "/"
			} else if first == k {
				v := m.variants(l.node)
				product, exact = times(product, v.count), exact && v.exact
			}
		}
		exact = exact && !known[shape]
		known[shape] = true
		count = plus(count, product)
	}
	return count, exact && count < math.MaxUint64
}

// firstLink returns the index of the first link to the node of link k.
func firstLink(links []link, k int) int {
	for i := range links[:k] {
		if links[i].node == links[k].node {
			return i
		}
	}
	return k
}

// list makes the images of all namespaces, and drops those equal to an earlier one. It returns nil if a file has too many
// variants to list.
func (m *Moment) list(spaces [][]link) (all []*Image) {
	known := map[[hashBytes]byte]bool{}
	for _, links := range spaces {
		var open []int // nodes
		for k, l := range links {
			if !l.folder && firstLink(links, k) == k {
				if m.variants(l.node).distinct == nil {
					return nil
				}
				open = append(open, l.node)
			}
		}
		picks := make([]int, len(m.files))
		for more := true; more; {
			i := m.image(links, func(number int) *content { return m.files[number].distinct[picks[number]] })
			if h := i.Hash(); !known[h] {
				known[h] = true
				all = append(all, i)
			}
			more = false
			for _, number := range open {
				if picks[number]++; picks[number] < len(m.files[number].distinct) {
					more = true
					break
				}
				picks[number] = 0
			}
		}
	}
	return all
}

func (m *Moment) image(links []link, of func(number int) *content) *Image {
	i := &Image{model: m.model}
	for k, l := range links {
		f := imageFile{path: l.path, folder: l.folder, link: firstLink(links, k)}
		if !l.folder {
			f.content = of(l.node)
		}
		i.files = append(i.files, f)
	}
	return i
}
