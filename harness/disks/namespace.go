package disks

// A link is a path after a crash, with the number of its node.
type link struct {
	path   string
	node   int
	folder bool
}

// A snapshot is a disk's state at one moment. Nodes have numbers in it; 0 is the root folder.
type snapshot struct {
	nodes   []*node
	folder  []bool
	before  [][]entry // of each folder
	journal []change
	states  []states // of each file
}

//go:norace
func (d *Disk) snapshot() *snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &snapshot{}
	s.add(d.root)
	for k := range d.journal {
		c := d.journal[k]
		s.journal = append(s.journal, c)
		for i := 0; i < c.count; i++ {
			s.add(c.edits[i].folder)
			s.add(c.edits[i].node)
		}
	}
	for k := 0; k < len(s.nodes); k++ { // the list grows meanwhile
		for _, e := range s.nodes[k].before {
			s.add(e.node)
		}
	}
	for _, n := range s.nodes {
		states := n.states()
		states.durable = states.durable.clone()
		s.folder = append(s.folder, n.folder)
		s.before = append(s.before, n.before)
		s.states = append(s.states, states)
	}
	return s
}

//go:norace
func (s *snapshot) add(n *node) {
	if n != nil && s.number(n) < 0 {
		s.nodes = append(s.nodes, n)
	}
}

//go:norace
func (s *snapshot) number(n *node) int {
	for i := range s.nodes {
		if s.nodes[i] == n {
			return i
		}
	}
	return -1
}

// links lists the paths in folders with these entries (by node), sorted within each folder. In Weak a renamed folder may have both
// names. Only the first one is listed, because no file system gives a folder two.
func (s *snapshot) links(entries [][]entry) (links []link) {
	seen := make([]bool, len(s.nodes))
	var within func(folder int, path string)
	within = func(folder int, path string) {
		seen[folder] = true
		for _, e := range entries[folder] {
			number := s.number(e.node)
			if s.folder[number] && seen[number] {
				continue
			}
			links = append(links, link{path + e.name, number, s.folder[number]})
			if s.folder[number] {
				within(number, path+e.name+"/")
			}
		}
	}
	within(0, "")
	return links
}

// namespaces are the sets of names that may survive a crash. Number 0 is the oldest, the last one the newest.
type namespaces struct {
	s     *snapshot
	model Model
	// floor, for Ordered, is the number of changes that have certainly survived.
	floor int
	// base and slots are for Weak: the entries that are certain, and the names that are not.
	base  [][]entry
	slots []slot
}

// A slot is a name in a folder with the nodes that may have it, oldest first; nil means none.
type slot struct {
	folder int
	name   string
	nodes  []*node
}

func newNamespaces(m Model, s *snapshot) *namespaces {
	n := &namespaces{s: s, model: m}
	if m == Ordered {
		for k := range s.journal {
			if s.journal[k].synced() {
				n.floor = k + 1
			}
		}
		return n
	}
	all := s.slots()
	n.base = append([][]entry(nil), s.before...)
	for _, slot := range all {
		n.base[slot.folder] = with(n.base[slot.folder], slot.name, slot.nodes[0])
		if len(slot.nodes) > 1 {
			n.slots = append(n.slots, slot)
		}
	}
	return n
}

// slots lists the names that the journal has edited.
func (s *snapshot) slots() (all []slot) {
	for k := range s.journal {
		for _, e := range s.journal[k].edits[:s.journal[k].count] {
			folder := s.number(e.folder)
			at := -1
			for i := range all {
				if all[i].folder == folder && all[i].name == e.name {
					at = i
				}
			}
			if at < 0 {
				at = len(all)
				all = append(all, slot{folder, e.name, []*node{find(s.before[folder], e.name)}})
			}
			if e.synced {
				all[at].nodes = nil
			}
			all[at].add(e.node)
		}
	}
	return all
}

// add makes n the newest node that may have the name.
func (s *slot) add(n *node) {
	rest := s.nodes[:0]
	for _, known := range s.nodes {
		if known != n {
			rest = append(rest, known)
		}
	}
	s.nodes = append(rest, n)
}

// count returns how many there are, counting equal ones; at most math.MaxUint64.
func (n *namespaces) count() uint64 {
	if n.model == Ordered {
		return uint64(len(n.s.journal)-n.floor) + 1
	}
	count := uint64(1)
	for _, slot := range n.slots {
		count = times(count, uint64(len(slot.nodes)))
	}
	return count
}

// at returns the one with that number.
func (n *namespaces) at(number uint64) []link {
	if n.model == Ordered {
		return n.prefix(n.floor + int(number))
	}
	return n.pick(func(k, nodes int) int {
		i := int(number % uint64(nodes))
		number /= uint64(nodes)
		return i
	})
}

// sample draws one.
func (n *namespaces) sample(tape *Tape) []link {
	if n.model == Ordered {
		open := len(n.s.journal) - n.floor
		if open == 0 {
			return n.prefix(n.floor)
		}
		return n.prefix(len(n.s.journal) - int(tape.Draw(uint64(open)+1)))
	}
	return n.pick(func(k, nodes int) int { return nodes - 1 - int(tape.Draw(uint64(nodes))) })
}

// prefix returns the names after the first changes in the journal, as many as changes says.
func (n *namespaces) prefix(changes int) []link {
	entries := append([][]entry(nil), n.s.before...)
	for k := range n.s.journal[:changes] {
		for _, e := range n.s.journal[k].edits[:n.s.journal[k].count] {
			folder := n.s.number(e.folder)
			entries[folder] = with(entries[folder], e.name, e.node)
		}
	}
	return n.s.links(entries)
}

// pick gives each uncertain name to one of the nodes that may have it.
func (n *namespaces) pick(choose func(k, nodes int) int) []link {
	entries := append([][]entry(nil), n.base...)
	for k, slot := range n.slots {
		chosen := slot.nodes[choose(k, len(slot.nodes))]
		entries[slot.folder] = with(entries[slot.folder], slot.name, chosen)
	}
	return n.s.links(entries)
}
