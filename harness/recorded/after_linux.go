package recorded

import (
	"errors"
	"io/fs"
	"strconv"
	"syscall"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/storage/disk"
)

// after repeats on the disk what a call has done to a folder. data is what a write has written, or a read has read.
func after(c *bubble.Call, data []byte) {
	defer release(c)
	if c.Instead {
		failed(c)
		return
	}
	if c.Errno != 0 {
		undecided(c)
		return
	}
	switch c.Kind {
	case bubble.CallOpen:
		opened(c)
		undecided(c)
	case bubble.CallRead:
		read(c, data)
	case bubble.CallWrite, bubble.CallCopy:
		written(c, data)
	case bubble.CallTruncate:
		truncated(c)
	case bubble.CallAllocate:
		allocated(c)
	case bubble.CallSync:
		synced(c)
	case bubble.CallRename, bubble.CallLink, bubble.CallSymlink:
		named(c)
	case bubble.CallRemove:
		if f, below := place(c.FD, c.Path); f != nil {
			f.found(c, f.disk.Remove(below))
		}
	case bubble.CallMkdir:
		if f, below := place(c.FD, c.Path); f != nil {
			_ = f.disk.Mkdir(below)
		}
	case bubble.CallMap:
		mapped(c)
	case bubble.CallWait:
		childEnded(c)
	case bubble.CallUnknown:
		for _, f := range folders() {
			f.refuse(c, "its operations are carried out without a call for each")
		}
	}
}

// failed repeats on the disk a call that a fault prevented: the disk has decided how it fails.
func failed(c *bubble.Call) {
	f, o, _ := foresee(c)
	if f == nil {
		return
	}
	_, file, _, below := fileOf(c.FD)
	switch o.Kind {
	case disks.Sync:
		_ = file.Sync()
	case disks.SyncDir:
		_ = f.disk.SyncDir(below)
	default:
		f.disk.Undecided() // the call has no effect
	}
}

// undecided drops the decision about a call that has failed without a fault.
func undecided(c *bubble.Call) {
	if f, _, _ := decidable(c); f != nil {
		f.disk.Undecided()
	}
}

// read flips a bit of what was read, if a fault says so.
func read(c *bubble.Call, data []byte) {
	if f, _, _ := decidable(c); f != nil {
		f.disk.Undecided()
		f.disk.Spoil(f.flip, data)
	}
}

// opened records a file that was created or truncated, and refuses one that is there although nothing has made it.
func opened(c *bubble.Call) {
	fd := int(c.Result)
	f, below := find(descriptor(fd))
	if f == nil {
		return
	}
	if c.Flags&tmpfile == tmpfile {
		f.refuse(c, "it makes a file without a name (O_TMPFILE)")
		return
	}
	if f.free && c.Kept != any(f) {
		f.refuse(c, "it reaches the file by a link from elsewhere")
		return
	}
	id, s, err := identify(fd)
	if err != nil || s.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return
	}
	file := f.file(id)
	if c.Flags&(syscall.O_CREAT|syscall.O_TRUNC) == 0 || file == nil && s.Size > 0 {
		if file == nil {
			f.refuse(c, below+nobodyMade)
		}
		return
	}
	if file != nil && f.disk.Names(below, file) {
		if c.Flags&syscall.O_TRUNC != 0 {
			_ = file.Truncate(0)
		}
		return
	}
	if _, err = f.disk.CreateThen(below, func(made disk.File) { f.know(id, made) }); err != nil {
		f.refuse(c, err.Error())
	}
}

const nobodyMade = " is there, and no operation that is recorded made it: a child process or io_uring may have, or a call that only RawSyscall makes"

// found refuses a call that has found a file which the disk does not have.
func (f *Folder) found(c *bubble.Call, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		f.refuse(c, "the file"+nobodyMade)
	}
}

// childEnded compares all folders with their disks when a child process has ended, because later calls may hide what it did.
func childEnded(c *bubble.Call) {
	for _, f := range folders() {
		compare := func() {
			if err := f.Check(); err != nil {
				f.refuse(c, err.Error())
			}
		}
		if !f.free {
			compare()
			continue
		}
		f.Between(false, false, func() {
			if !f.isOver() {
				compare()
			}
		})
	}
}

// written records what a write has written, or a copy from another file.
func written(c *bubble.Call, data []byte) {
	if c.Result == 0 || c.FD == cwd {
		return
	}
	f, file, _, _ := fileOf(c.FD)
	if file == nil {
		return
	}
	if c.Kind == bubble.CallCopy {
		if c.At > 0 {
			f.refuse(c, "the position is given by a pointer")
			return
		}
		c.At = -1
	}
	at, flags := c.At, status(c.FD)
	appends := c.Flags&writeAppends != 0 || flags&syscall.O_APPEND != 0 && c.Flags&writeInPlace == 0
	if at < 0 || appends {
		at = beginOfWrite(c.FD, at, int64(c.Result))
	}
	if c.Kind == bubble.CallCopy {
		data = readBack(c.FD, at, int(c.Result))
	}
	if data == nil || at < 0 {
		f.refuse(c, "where it wrote, or what, is not known")
		return
	}
	_, _ = file.WriteAt(data, at)
	if flags&syscall.O_DSYNC != 0 || c.Flags&writeSynced != 0 {
		_ = file.Sync()
	}
}

// beginOfWrite returns where a write of this many bytes began: before the descriptor's position, or with O_APPEND before the
// end of the file.
func beginOfWrite(fd int, at, bytes int64) int64 {
	if at < 0 {
		now, err := syscall.Seek(fd, 0, 1)
		if err != nil {
			return -1
		}
		return now - bytes
	}
	var s syscall.Stat_t
	if syscall.Fstat(fd, &s) != nil {
		return -1
	}
	return s.Size - bytes
}

// status returns the flags with which a file was opened.
func status(fd int) uintptr {
	flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	return flags
}

// readBack reads what a copy has written, because the call does not have the bytes.
func readBack(fd int, at int64, bytes int) []byte {
	again, err := quietOpen("/proc/self/fd/"+strconv.Itoa(fd), syscall.O_RDONLY)
	if err != nil {
		return nil
	}
	defer syscall.Close(again)
	data := make([]byte, bytes)
	if quietRead(again, data, at) != nil {
		return nil
	}
	return data
}

func truncated(c *bubble.Call) {
	if c.FD != cwd {
		if _, file, _, _ := fileOf(c.FD); file != nil {
			_ = file.Truncate(c.Bytes)
		}
		return
	}
	name := absolute(cwd, c.Path)
	if f, _ := find(name); f != nil {
		if id, err := identifyName(name); err == nil {
			if file := f.file(id); file != nil {
				_ = file.Truncate(c.Bytes)
			}
		}
	}
}

func allocated(c *bubble.Call) {
	f, file, _, _ := fileOf(c.FD)
	switch {
	case file == nil || c.Flags == keepSize:
	case c.Flags != 0:
		f.refuse(c, "it changes what is in the file, and not only how long it is")
	default:
		_ = file.Allocate(c.At + c.Bytes)
	}
}

// synced syncs the file or folder of a call. A call for a whole file system syncs everything.
func synced(c *bubble.Call) {
	if c.Name == "fsync" || c.Name == "fdatasync" {
		f, file, _, below := fileOf(c.FD)
		switch {
		case file != nil:
			_ = file.Sync()
		case f != nil:
			_ = f.disk.SyncDir(below)
		}
		return
	}
	if c.Name == "msync" { // of a writable map, which was refused
		return
	}
	for _, f := range folders() {
		if !f.free {
			f.syncAll()
			continue
		}
		f.Between(false, false, func() {
			if !f.isOver() {
				f.syncAll()
			}
		})
	}
}

func (f *Folder) syncAll() {
	_ = f.disk.SyncDir(".")
	for _, p := range f.disk.Present() {
		if p.Folder {
			_ = f.disk.SyncDir(p.Path)
		} else {
			_ = p.File.Sync()
		}
	}
}

// named records links and renames.
func named(c *bubble.Call) {
	from, below := place(c.FD, c.Path)
	to, newBelow := place(c.To, c.NewPath)
	switch {
	case c.Kind == bubble.CallSymlink:
		if to != nil {
			to.refuse(c, "it makes a link to a name")
		}
	case from == nil && to == nil:
	case from != to && from != nil:
		from.refuse(c, "the file is then in no folder that is recorded, or in another one: "+c.NewPath)
	case from != to:
		to.refuse(c, "the file comes from outside of what is recorded: "+c.Path)
	case c.Kind == bubble.CallLink:
		from.found(c, from.disk.Link(below, newBelow))
	case c.Flags&^noReplace != 0:
		from.refuse(c, "it does more than to rename")
	default:
		from.found(c, from.disk.Rename(below, newBelow))
	}
}

// mapped refuses writable shared maps of files: no call reports what is written to them.
func mapped(c *bubble.Call) {
	const shared = 1
	protection, flags := c.Flags, c.At
	if protection&syscall.PROT_WRITE == 0 || flags&shared == 0 || c.FD < 0 {
		return
	}
	if f, file, _, _ := fileOf(c.FD); file != nil {
		f.refuse(c, "what is written to a shared map of a file, no call tells")
	}
}
