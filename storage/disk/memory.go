package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// Memory returns an empty disk in memory. The race detector sees no order between goroutines that share only its files,
// just as a kernel's files give none. (The real os.File does order them, and so hides races.) The detector does see each
// access of the disk to the caller's buffers: WriteAt reads them, ReadAt writes them.
func Memory() Disk { return &memoryDisk{} }

// memoryDisk keeps its names in a slice, because the runtime reports every access to a map to the race detector.
type memoryDisk struct {
	mu     raceoff.Mutex
	nodes  []*memoryNode
	locked bool
	spare  []*memoryNode // removed by Clear
}

// A memoryNode is a name with its file; file is nil for a folder.
type memoryNode struct {
	name string
	file *memoryFile
}

//go:norace
func (d *memoryDisk) find(name string) int {
	for i, n := range d.nodes {
		if n.name == name {
			return i
		}
	}
	return -1
}

//go:norace
func (d *memoryDisk) Mkdir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.find(name) < 0 {
		d.add(name).file = nil
	}
	return nil
}

//go:norace
func (d *memoryDisk) Create(name string) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := d.find(name); i >= 0 && d.nodes[i].file != nil {
		return &memoryHandle{file: d.nodes[i].file}, d.nodes[i].file.Truncate(0)
	} else if i >= 0 || !d.hasFolderOf(name) {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrNotExist}
	}
	n := d.add(name)
	if n.file == nil {
		n.file = &memoryFile{}
	}
	n.file.name = name
	return &memoryHandle{file: n.file}, nil
}

// add adds a node, one with an empty file if Clear has left one.
//
//go:norace
func (d *memoryDisk) add(name string) *memoryNode {
	var n *memoryNode
	if last := len(d.spare) - 1; last >= 0 {
		n, d.spare = d.spare[last], d.spare[:last]
	} else {
		n = &memoryNode{}
	}
	n.name = name
	d.nodes = append(d.nodes, n)
	return n
}

// hasFolderOf says whether the folder of a file with that name exists.
//
//go:norace
func (d *memoryDisk) hasFolderOf(name string) bool {
	folder := path.Dir(name)
	i := d.find(folder)
	return folder == "." || i >= 0 && d.nodes[i].file == nil
}

// drop removes a node. It moves the others one by one, because the runtime reports what append copies to the race detector.
//
//go:norace
func (d *memoryDisk) drop(i int) {
	last := len(d.nodes) - 1
	for ; i < last; i++ {
		d.nodes[i] = d.nodes[i+1]
	}
	d.nodes[last] = nil
	d.nodes = d.nodes[:last]
}

//go:norace
func (d *memoryDisk) Open(name string) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := d.find(name); i >= 0 && d.nodes[i].file != nil {
		return &memoryHandle{file: d.nodes[i].file}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

//go:norace
func (d *memoryDisk) Rename(oldName, newName string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.find(oldName)
	if i < 0 || !d.hasFolderOf(newName) {
		return &fs.PathError{Op: "rename", Path: oldName, Err: fs.ErrNotExist}
	}
	node := d.nodes[i]
	if j := d.find(newName); j >= 0 && j != i {
		d.drop(j)
	}
	node.name = newName
	return nil
}

//go:norace
func (d *memoryDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.find(name)
	if i < 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	d.drop(i)
	return nil
}

//go:norace
func (d *memoryDisk) List(name string) ([]Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name != "." && d.find(name) < 0 {
		return nil, &fs.PathError{Op: "list", Path: name, Err: fs.ErrNotExist}
	}
	var entries []Entry
	for _, n := range d.nodes {
		if path.Dir(n.name) == name {
			entries = append(entries, Entry{Name: path.Base(n.name), Folder: n.file == nil})
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

func (d *memoryDisk) SyncDir(string) error { return nil }

//go:norace
func (d *memoryDisk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked {
		return nil, fmt.Errorf("%w: another Store holds %s of this disk in memory: close that one first", ErrLocked, name)
	}
	d.locked = true
	return unlockMemory{d}, nil
}

type unlockMemory struct{ disk *memoryDisk }

//go:norace
func (u unlockMemory) Close() error {
	u.disk.mu.Lock()
	defer u.disk.mu.Unlock()
	u.disk.locked = false
	return nil
}

// memoryPageBytes is how a file's bytes are split, so that a growing file is never copied.
const memoryPageBytes = 1 << 10

// A memoryFile is the content of a file. All its handles share it.
type memoryFile struct {
	name  string
	mu    raceoff.Mutex
	pages [][]byte
	size  int64
	spare [][]byte // pages that Clear has freed
}

var errNegative = errors.New("negative position")

//go:norace
func (f *memoryFile) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: errNegative}
	}
	raceoff.Writes(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for n < len(p) && at < f.size {
		part := min(int64(len(p)-n), f.size-at, memoryPageBytes-at%memoryPageBytes)
		f.copyOut(p[n:n+int(part)], at)
		n += int(part)
		at += part
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

//go:norace
func (f *memoryFile) copyOut(p []byte, at int64) {
	if i := at / memoryPageBytes; i < int64(len(f.pages)) && f.pages[i] != nil {
		raceoff.Copy(p, f.pages[i][at%memoryPageBytes:])
		return
	}
	clear(p)
}

//go:norace
func (f *memoryFile) WriteAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: errNegative}
	}
	raceoff.Reads(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for n < len(p) {
		page, within := f.page(at/memoryPageBytes), at%memoryPageBytes
		part := raceoff.Copy(page[within:], p[n:])
		n += part
		at += int64(part)
	}
	f.size = max(f.size, at)
	return n, nil
}

//go:norace
func (f *memoryFile) page(i int64) []byte {
	for int64(len(f.pages)) <= i {
		f.pages = append(f.pages, nil)
	}
	if f.pages[i] == nil {
		if last := len(f.spare) - 1; last >= 0 {
			f.pages[i], f.spare = f.spare[last], f.spare[:last]
			clear(f.pages[i])
		} else {
			f.pages[i] = make([]byte, memoryPageBytes)
		}
	}
	return f.pages[i]
}

//go:norace
func (f *memoryFile) Truncate(bytes int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if bytes < f.size {
		keep := (bytes + memoryPageBytes - 1) / memoryPageBytes
		f.pages = f.pages[:min(int64(len(f.pages)), keep)]
		if within := bytes % memoryPageBytes; within > 0 && keep == int64(len(f.pages)) && f.pages[keep-1] != nil {
			clear(f.pages[keep-1][within:])
		}
	}
	f.size = bytes
	return nil
}

//go:norace
func (f *memoryFile) Allocate(bytes int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size = max(f.size, bytes)
	return nil
}

//go:norace
func (f *memoryFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size, nil
}

func (f *memoryFile) Sync() error { return nil }

func (f *memoryFile) Close() error { return nil }

// A memoryHandle is a file as one caller has opened it. After Close it refuses every call, as a real file does: otherwise
// nobody would notice a handle that is closed while a reader uses it.
type memoryHandle struct {
	file   *memoryFile
	closed raceoff.Number
}

func (h *memoryHandle) check(operation string) error {
	if h.closed.Load() != 0 {
		return &fs.PathError{Op: operation, Path: h.file.name, Err: fs.ErrClosed}
	}
	return nil
}

func (h *memoryHandle) ReadAt(p []byte, at int64) (int, error) {
	if err := h.check("read"); err != nil {
		return 0, err
	}
	return h.file.ReadAt(p, at)
}

func (h *memoryHandle) WriteAt(p []byte, at int64) (int, error) {
	if err := h.check("write"); err != nil {
		return 0, err
	}
	return h.file.WriteAt(p, at)
}

func (h *memoryHandle) Truncate(bytes int64) error {
	if err := h.check("truncate"); err != nil {
		return err
	}
	return h.file.Truncate(bytes)
}

func (h *memoryHandle) Allocate(bytes int64) error {
	if err := h.check("allocate"); err != nil {
		return err
	}
	return h.file.Allocate(bytes)
}

func (h *memoryHandle) Sync() error { return h.check("sync") }

func (h *memoryHandle) Size() (int64, error) {
	if err := h.check("size"); err != nil {
		return 0, err
	}
	return h.file.Size()
}

func (h *memoryHandle) Close() error {
	err := h.check("close")
	h.closed.Store(1)
	return err
}
