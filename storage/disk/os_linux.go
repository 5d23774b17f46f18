package disk

import (
	"errors"
	"math"
	"syscall"
)

// Sync is fdatasync. It makes the bytes durable, and a changed length too, because readers need it, but not the times.
func (f osFile) Sync() error {
	return f.system("fdatasync", func(fd int) error { return syscall.Fdatasync(fd) })
}

// Allocate is fallocate, and for a little room it also writes zeros. A file system without it leaves the file as it is; each
// write then allocates its own room.
//
// To ext4 and XFS, room that was reserved only is a hole until it is written, so each sync of bytes in it has to commit a
// change of the file's map as well. A sync of bytes written over zeros has not: it takes half the time.
func (f osFile) Allocate(bytes int64) error {
	const littleBytes = 5 << 18
	size, err := f.Size()
	if err != nil {
		return err
	}
	err = f.system("fallocate", func(fd int) error { return syscall.Fallocate(fd, 0, 0, bytes) })
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		return nil
	}
	if err != nil || bytes-size > littleBytes || !f.overwrites() {
		return err
	}
	for at := size; at < bytes && err == nil; at += int64(len(zeros)) {
		_, err = f.WriteAt(zeros[:min(bytes-at, int64(len(zeros)))], at)
	}
	return err
}

var zeros [64 << 10]byte

// overwrites says whether the file system writes over bytes in place, and is one that has to be told that room is not a hole.
func (f osFile) overwrites() bool {
	const ext4, xfs = 0xef53, 0x58465342
	var s syscall.Statfs_t
	err := f.system("fstatfs", func(fd int) error { return syscall.Fstatfs(fd, &s) })
	return err == nil && (s.Type == ext4 || s.Type == xfs)
}

// NextData asks the file system. Room that was reserved and not written is a hole to it.
func (f osFile) NextData(at int64) (from, to int64) {
	const data, hole = 3, 4 // SEEK_DATA, SEEK_HOLE
	from, err := f.seek(at, data)
	if errors.Is(err, syscall.ENXIO) {
		return math.MaxInt64, math.MaxInt64
	}
	if err == nil {
		to, err = f.seek(from, hole)
	}
	if err != nil {
		return at, math.MaxInt64
	}
	return from, to
}

func (f osFile) seek(at int64, whence int) (found int64, err error) {
	err = f.system("lseek", func(fd int) (err error) {
		found, err = syscall.Seek(fd, at, whence)
		return err
	})
	return found, err
}

// system makes a system call on the file. It repeats the call while a signal interrupts it.
func (f osFile) system(name string, call func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for failed = call(int(fd)); errors.Is(failed, syscall.EINTR); {
			failed = call(int(fd))
		}
	})
	if err == nil && failed != nil {
		err = &systemError{call: name, file: f.Name(), err: failed}
	}
	return err
}

type systemError struct {
	call, file string
	err        error
}

func (e *systemError) Error() string { return e.call + " " + e.file + ": " + e.err.Error() }
func (e *systemError) Unwrap() error { return e.err }
