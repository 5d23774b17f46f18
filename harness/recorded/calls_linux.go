package recorded

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"syscall"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/storage/disk"
)

// Flags of the system that package syscall lacks.
const (
	noReplace = 1 // renameat2
	keepSize  = 1 // fallocate
	tmpfile   = 0x410000
	cwd       = -100
)

// folders returns the folders that are recorded now.
func folders() []*Folder {
	attached.mu.Lock()
	defer attached.mu.Unlock()
	return attached.all
}

// fileOf returns what a descriptor refers to: a file of a recorded folder, or, with file nil, a folder of one at the path
// below it.
func fileOf(fd int) (f *Folder, file disk.File, id identity, below string) {
	id, mode, err := identify(fd)
	if err != nil {
		return nil, nil, id, ""
	}
	switch mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		for _, f := range folders() {
			if file, is := f.files[id]; is {
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
		if below, is := f.within(path); is {
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
	defer unseen()()
	const openPath = 0x200000
	fd, err := syscall.Open(folder, openPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	return descriptor(fd)
}

// own counts who in this package makes calls of its own.
var own raceoff.Number

// unseen begins a stretch of calls that this package makes for itself: they are not recorded, and no fault strikes them. Otherwise a
// disk that fails would hide what is on it, and the record of a call could go on recording itself for ever. It returns how the stretch
// ends. Nobody else goes on meanwhile.
func unseen() (end func()) {
	own.Add(1)
	return func() { own.Add(^uint64(0)) }
}

// refuse records the first call that cannot be recorded.
func (f *Folder) refuse(c *bubble.Call, what string) {
	if f.err == nil {
		f.err = fmt.Errorf("what the code does with %s cannot be recorded: %s", c.Name, what)
	}
}

// before asks the disk, before a call is made, whether a fault strikes it.
func before(c *bubble.Call) {
	if own.Load() > 0 {
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

// decidable is foresee for a call that may fail. The folder is nil for other calls.
func decidable(c *bubble.Call) (f *Folder, o disks.Operation, id identity) {
	if !slices.ContainsFunc(folders(), func(f *Folder) bool { return f.disk.Fails() }) {
		return nil, o, id
	}
	if f, o, id = foresee(c); f != nil && !f.disk.Fails() {
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
