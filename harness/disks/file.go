package disks

import (
	"io"
	"io/fs"
	"syscall"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// A file is an open file. The names of its node may change meanwhile.
type file struct {
	disk   *Disk
	node   *node
	life   int
	closed bool
}

// begin is the disk's beginOn, and refuses calls on closed files.
//
//go:norace
func (f *file) begin(o *Operation) Fault {
	fault := f.disk.beginOn(f.node, o)
	if f.closed || f.life != f.disk.life {
		return Fault{Err: fs.ErrClosed}
	}
	return fault
}

// ReadAt reads the latest bytes, synced or not; io.EOF says that the file ends before p is full.
//
//go:norace
func (f *file) ReadAt(p []byte, at int64) (n int, err error) {
	raceoff.Writes(p)
	o := Operation{Kind: Read, At: at, Bytes: len(p)}
	fault := f.begin(&o)
	switch {
	case at < 0:
		return 0, f.disk.end(&o, errNegative)
	case len(p) == 0: // as for a system: no call, no error
		return 0, f.disk.end(&o, nil)
	case fault.Err != nil:
		return 0, f.disk.end(&o, fault.Err)
	}
	n = f.node.read(p, at)
	fault.spoil(p[:n], f.disk.tape)
	if n < len(p) {
		err = io.EOF
	}
	return n, f.disk.end(&o, err)
}

// WriteAt writes to the cache. With a fault it writes as many bytes as the fault says, and the file keeps them.
//
//go:norace
func (f *file) WriteAt(p []byte, at int64) (n int, err error) {
	raceoff.Reads(p)
	o := Operation{Kind: Write, At: at, Bytes: len(p)}
	fault := f.begin(&o)
	n = len(p)
	switch {
	case at < 0:
		return 0, f.disk.end(&o, errNegative)
	case len(p) == 0: // as for a system: no call, no error
		return 0, f.disk.end(&o, nil)
	case f.closed || f.life != f.disk.life:
		return 0, f.disk.end(&o, fs.ErrClosed)
	case at > MaxFileBytes-int64(n):
		return 0, f.disk.end(&o, syscall.EFBIG)
	case fault.Err != nil:
		n = fault.keep(len(p), f.disk.tape)
	}
	if fault.Misplaces() {
		f.disk.misplaced++
		f.node.misplace(p[:n], at, fault.Astray)
	} else {
		f.node.write(p[:n], at)
	}
	return n, f.disk.end(&o, fault.Err)
}

// Truncate sets the length of the file.
//
//go:norace
func (f *file) Truncate(bytes int64) error {
	o := Operation{Kind: Truncate, At: bytes}
	fault := f.begin(&o)
	err := fault.Err
	switch {
	case err != nil:
	case bytes < 0:
		err = syscall.EINVAL
	case bytes > MaxFileBytes:
		err = syscall.EFBIG
	default:
		f.node.resize(bytes)
	}
	return f.disk.end(&o, err)
}

// Allocate makes the file longer if it is shorter than bytes; the new part is zeros.
//
//go:norace
func (f *file) Allocate(bytes int64) error {
	o := Operation{Kind: Allocate, At: bytes}
	fault := f.begin(&o)
	err := fault.Err
	switch {
	case err != nil:
	case bytes <= 0:
		err = syscall.EINVAL
	case bytes > MaxFileBytes:
		err = syscall.EFBIG
	default:
		f.node.resize(max(bytes, f.node.cache.size))
	}
	return f.disk.end(&o, err)
}

// Sync makes bytes and length durable. If it fails, it marks as clean the pages that it should have written.
//
//go:norace
func (f *file) Sync() error {
	o := Operation{Kind: Sync}
	fault := f.begin(&o)
	switch {
	case f.closed || f.life != f.disk.life:
	case fault.Err != nil:
		f.node.failSync()
	case f.disk.syncless:
	default:
		f.node.sync()
	}
	return f.disk.end(&o, fault.Err)
}

// Size returns the latest length, synced or not.
//
//go:norace
func (f *file) Size() (int64, error) {
	o := Operation{Kind: Size}
	fault := f.begin(&o)
	size := f.node.cache.size
	if fault.Err != nil {
		size = 0
	}
	return size, f.disk.end(&o, fault.Err)
}

// Close closes the file, even if a fault makes it return an error. It syncs nothing.
//
//go:norace
func (f *file) Close() error {
	o := Operation{Kind: Close}
	fault := f.begin(&o)
	if !f.closed && f.life == f.disk.life {
		f.closed = true
		f.disk.files--
	}
	return f.disk.end(&o, fault.Err)
}
