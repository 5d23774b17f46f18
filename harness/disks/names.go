package disks

import (
	"io/fs"
	"strings"
	"syscall"
)

// An entry is a name in a folder.
type entry struct {
	name string
	node *node
}

// An edit gives a name in a folder to a node, or takes it away if the node is nil.
type edit struct {
	folder *node
	name   string
	node   *node
	// synced says that the folder was synced after the edit.
	synced bool
}

// A change is one entry in the journal of names: one edit, or the two edits of a rename.
type change struct {
	edits [2]edit
	count int
}

//go:norace
func find(entries []entry, name string) *node {
	for i := range entries {
		if entries[i].name == name {
			return entries[i].node
		}
	}
	return nil
}

// with returns the entries after an edit, in a new slice.
//
//go:norace
func with(entries []entry, name string, n *node) []entry {
	edited := make([]entry, 0, len(entries)+1)
	placed := n == nil
	for _, e := range entries {
		if !placed && name <= e.name {
			edited, placed = append(edited, entry{name, n}), true
		}
		if e.name != name {
			edited = append(edited, e)
		}
	}
	if !placed {
		edited = append(edited, entry{name, n})
	}
	return edited
}

// place returns the folder and the base name of a path: "name", or names with slashes between them.
//
//go:norace
func (d *Disk) place(path string) (folder *node, name string, err error) {
	folder = d.root
	for {
		slash := strings.IndexByte(path, '/')
		name = path
		if slash >= 0 {
			name = path[:slash]
		}
		if name == "" || name == "." || name == ".." {
			return nil, "", syscall.EINVAL
		}
		if slash < 0 {
			return folder, name, nil
		}
		folder, path = find(folder.now, name), path[slash+1:]
		if folder == nil {
			return nil, "", missing(path, fs.ErrNotExist)
		}
		if !folder.folder {
			return nil, "", missing(path, syscall.ENOTDIR)
		}
	}
}

// missing returns the error for a path that cannot be followed. rest is the part that was not found: err, unless rest is not a path
// at all.
//
//go:norace
func missing(rest string, err error) error {
	for {
		slash := strings.IndexByte(rest, '/')
		name := rest
		if slash >= 0 {
			name = rest[:slash]
		}
		if name == "" || name == "." || name == ".." {
			return syscall.EINVAL
		}
		if slash < 0 {
			return err
		}
		rest = rest[slash+1:]
	}
}

// lookup returns the node with a path; "." is the root folder.
//
//go:norace
func (d *Disk) lookup(path string) (*node, error) {
	if path == "." {
		return d.root, nil
	}
	folder, name, err := d.place(path)
	if err != nil {
		return nil, err
	}
	if n := find(folder.now, name); n != nil {
		return n, nil
	}
	return nil, fs.ErrNotExist
}

// change makes one or two edits in one step.
//
//go:norace
func (d *Disk) change(one, two edit) {
	c := change{edits: [2]edit{one, two}, count: 2}
	if two.folder == nil {
		c.count = 1
	}
	for _, e := range c.edits[:c.count] {
		e.folder.now = with(e.folder.now, e.name, e.node)
	}
	d.journal = append(d.journal, c)
}

// syncFolder makes a folder's names durable. It removes from the journal the leading changes that are durable in both
// models.
//
//go:norace
func (d *Disk) syncFolder(folder *node) {
	for k := range d.journal {
		c := &d.journal[k]
		for i := 0; i < c.count; i++ {
			if c.edits[i].folder == folder {
				c.edits[i].synced = true
			}
		}
	}
	settled := 0
	for settled < len(d.journal) && d.journal[settled].settled() {
		c := &d.journal[settled]
		for i := 0; i < c.count; i++ {
			e := &c.edits[i]
			e.folder.before = with(e.folder.before, e.name, e.node)
		}
		settled++
	}
	rest := make([]change, 0, len(d.journal)-settled)
	for k := range d.journal[settled:] {
		rest = append(rest, d.journal[settled+k])
	}
	d.journal = rest
}

//go:norace
func (c *change) settled() bool {
	for i := 0; i < c.count; i++ {
		if !c.edits[i].synced {
			return false
		}
	}
	return true
}

// synced says whether a sync of some folder has made the change durable in the Ordered model.
func (c *change) synced() bool {
	for i := range c.count {
		if c.edits[i].synced {
			return true
		}
	}
	return false
}
