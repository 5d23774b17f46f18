package recorded

import (
	"io"
	"syscall"
	"unsafe"
)

// What this package does to files for itself must not be reported, or the record of a call would go on recording itself for ever, and a
// disk that fails would hide what is on it. Only Syscall and Syscall6 report calls. So calls of its own that would be reported are made
// by RawSyscall6: they open a file to read it, and read.

// openPath is O_PATH, which package syscall lacks.
const openPath = 0x200000

// quietOpen opens a file or a folder, which must not wait for anything.
func quietOpen(name string, flags int) (fd int, err error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	folder := cwd
	for {
		r, _, number := syscall.RawSyscall6(syscall.SYS_OPENAT, uintptr(folder), uintptr(unsafe.Pointer(text)), uintptr(flags|syscall.O_CLOEXEC), 0, 0, 0)
		switch number {
		case 0:
			return int(r), nil
		case syscall.EINTR:
		default:
			return -1, number
		}
	}
}

// quietRead reads all of p from a position of a file. An error is io.ErrUnexpectedEOF if the file is shorter.
func quietRead(fd int, p []byte, at int64) error {
	for len(p) > 0 {
		r, _, number := syscall.RawSyscall6(syscall.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(at), 0, 0)
		switch {
		case number == syscall.EINTR:
		case number != 0:
			return number
		case r == 0:
			return io.ErrUnexpectedEOF
		default:
			p, at = p[r:], at+int64(r)
		}
	}
	return nil
}
