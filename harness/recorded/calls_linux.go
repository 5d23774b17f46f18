package recorded

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"syscall"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/storage/disk"
)

// Flags of the system that package syscall lacks.
const (
	noReplace = 1 // renameat2
	keepSize  = 1 // fallocate

	writeSynced  = 2 | 4 // pwritev2
	writeAppends = 0x10
	writeInPlace = 0x20
	tmpfile      = 0x410000
	cwd          = -100
)

// folders returns the folders that are recorded now.
func folders() []*Folder {
	attached.mu.Lock()
	defer attached.mu.Unlock()
	return attached.all
}

// isOver says that the folder's calls are repeated no more.
func (f *Folder) isOver() bool { return f.free && f.over.Load() != 0 }

// fileOf returns what a descriptor refers to: a file of a recorded folder, or, with file nil, a folder of one at the path
// below it.
func fileOf(fd int) (f *Folder, file disk.File, id identity, below string) {
	id, s, err := identify(fd)
	if err != nil {
		return nil, nil, id, ""
	}
	switch s.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		for _, f := range folders() {
			if file := f.file(id); file != nil && !f.isOver() {
				return f, file, id, ""
			}
		}
	case syscall.S_IFDIR:
		f, below := find(descriptor(fd))
		return f, nil, id, below
	}
	return nil, nil, id, ""
}

// descriptor is the path of an open file.
func descriptor(fd int) string {
	var name [syscall.PathMax]byte
	n, err := syscall.Readlink("/proc/self/fd/"+strconv.Itoa(fd), name[:])
	if err != nil {
		return ""
	}
	return string(name[:n])
}

// find returns the recorded folder that contains a path, nil for none.
func find(path string) (f *Folder, below string) {
	for _, f := range folders() {
		if below, is := f.within(path); is && !f.isOver() {
			return f, below
		}
	}
	return nil, ""
}

// place finds a name that a call has given, relative to an open folder.
func place(fd int, name string) (f *Folder, below string) { return find(absolute(fd, name)) }

func absolute(fd int, name string) string {
	if name == "" {
		return descriptor(fd)
	}
	if name[0] != '/' {
		folder := descriptor(fd)
		if fd == cwd {
			folder, _ = syscall.Getwd()
		}
		name = folder + "/" + name
	}
	folder, base := path.Split(path.Clean(name))
	if resolved := resolve(folder); resolved != "" {
		return path.Join(resolved, base)
	}
	return path.Clean(name)
}

// resolve follows the links in a folder's path; "" if there is no such folder.
func resolve(folder string) string {
	for _, f := range folders() {
		if _, is := f.within(path.Clean(folder)); is {
			return folder // a recorded folder contains no links
		}
	}
	fd, err := quietOpen(folder, openPath|syscall.O_DIRECTORY)
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	return descriptor(fd)
}

// refuse records the first call that cannot be recorded.
func (f *Folder) refuse(c *bubble.Call, what string) {
	f.known.Lock()
	defer f.known.Unlock()
	if f.err == nil {
		f.err = fmt.Errorf("what the code does with %s cannot be recorded: %s", c.Name, what)
	}
}

// before holds the folder of a call that is about to be made, if goroutines run freely, and asks its disk whether a fault strikes the
// call.
func before(c *bubble.Call) {
	if !slices.ContainsFunc(folders(), func(f *Folder) bool { return f.free || f.disk.Fails() }) {
		return
	}
	if f := concerned(c); f != nil && f.free && !f.hold(c) {
		return
	}
	f, o, id := decidable(c)
	if f == nil {
		return
	}
	if owed := f.owed[id]; owed != 0 && o.Kind == disks.Write {
		delete(f.owed, id)
		c.Instead, c.Errno = true, uintptr(owed)
		return
	}
	fault := f.disk.Decide(o)
	if fault.Err == nil {
		f.flip = fault
		return
	}
	number, is := fault.Err.(syscall.Errno)
	if !is {
		number = syscall.EIO
	}
	// A system that cannot write everything returns how much it has written, and fails the call for the rest.
	if keep := min(fault.Keep, o.Bytes-1); o.Kind == disks.Write && keep > 0 {
		f.owed[id], c.Most = number, int64(keep)
		return
	}
	c.Instead, c.Errno = true, uintptr(number)
}

// hold keeps all other calls of the folder out, until release. It returns false if the folder's calls are repeated no more.
func (f *Folder) hold(c *bubble.Call) bool {
	if f.delay != nil && !f.isOver() {
		f.delay()
	}
	f.calls.Lock()
	if f.isOver() {
		f.calls.Unlock()
		return false
	}
	c.Kept = f
	return true
}

func release(c *bubble.Call) {
	if f, is := c.Kept.(*Folder); is {
		f.calls.Unlock()
	}
}

// concerned returns the folder that a call changes, or that its disk may keep it from; nil for none. A call that reads or writes at the
// descriptor's position concerns the folder too, because it moves the position.
func concerned(c *bubble.Call) *Folder {
	switch c.Kind {
	case bubble.CallOpen, bubble.CallRemove, bubble.CallMkdir:
		f, _ := place(c.FD, c.Path)
		return f
	case bubble.CallRename, bubble.CallLink, bubble.CallSymlink:
		if f, _ := place(c.FD, c.Path); f != nil {
			return f
		}
		f, _ := place(c.To, c.NewPath)
		return f
	case bubble.CallTruncate:
		if c.FD == cwd {
			f, _ := find(absolute(cwd, c.Path))
			return f
		}
	case bubble.CallWrite, bubble.CallCopy, bubble.CallAllocate, bubble.CallSync, bubble.CallRead:
	default:
		return nil
	}
	if c.FD == cwd {
		return nil
	}
	f, _, _, _ := fileOf(c.FD)
	if f != nil && c.Kind == bubble.CallRead && c.At >= 0 && !f.disk.Fails() {
		return nil
	}
	return f
}

// decidable is foresee for a call that may fail. The folder is nil for other calls.
func decidable(c *bubble.Call) (f *Folder, o disks.Operation, id identity) {
	if !slices.ContainsFunc(folders(), func(f *Folder) bool { return f.disk.Fails() }) {
		return nil, o, id
	}
	if f, o, id = foresee(c); f != nil && (!f.disk.Fails() || f.free && c.Kept != any(f)) {
		f = nil
	}
	return f, o, id
}

// foresee returns the operation of a disk that corresponds to a call.
func foresee(c *bubble.Call) (f *Folder, o disks.Operation, id identity) {
	switch c.Kind {
	case bubble.CallOpen:
		f, below := place(c.FD, c.Path)
		o = disks.Operation{Kind: disks.Open, Name: below}
		if _, err := identifyName(absolute(c.FD, c.Path)); err != nil {
			o.Kind = disks.Create
		}
		return f, o, id
	case bubble.CallRead, bubble.CallWrite, bubble.CallSync, bubble.CallTruncate, bubble.CallAllocate:
		if c.FD == cwd {
			return nil, o, id
		}
		f, file, id, below := fileOf(c.FD)
		if f == nil {
			return nil, o, id
		}
		name, _ := f.within(descriptor(c.FD))
		switch o = (disks.Operation{Name: name, At: c.At, Bytes: int(c.Bytes)}); {
		case c.Kind == bubble.CallWrite && file != nil:
			o.Kind = disks.Write
		case c.Kind == bubble.CallRead && file != nil:
			o.Kind = disks.Read
		case c.Kind == bubble.CallSync && file != nil:
			o.Kind = disks.Sync
		case c.Kind == bubble.CallSync:
			o.Kind, o.Name = disks.SyncDir, below
		case c.Kind == bubble.CallTruncate && file != nil:
			o.Kind, o.At = disks.Truncate, c.Bytes
		case c.Kind == bubble.CallAllocate && file != nil && c.Flags == 0:
			o.Kind, o.At = disks.Allocate, c.At+c.Bytes
		default:
			return nil, o, id
		}
		return f, o, id
	case bubble.CallRename, bubble.CallRemove, bubble.CallMkdir, bubble.CallLink:
		f, below := place(c.FD, c.Path)
		kinds := map[uint8]disks.Kind{bubble.CallRename: disks.Rename, bubble.CallRemove: disks.Remove, bubble.CallMkdir: disks.Mkdir, bubble.CallLink: disks.Link}
		return f, disks.Operation{Kind: kinds[c.Kind], Name: below}, id
	}
	return nil, o, id
}
