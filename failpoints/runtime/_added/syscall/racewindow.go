// The seam at which file operations are recorded. Every system call that changes a file goes through Syscall or Syscall6, whether package os,
// this package or golang.org/x/sys/unix makes it.

package syscall

import "unsafe"

// A racewindowCall is a decoded system call. It is the same type as that of package internal/racewindow/bubble.
type racewindowCall = struct {
	Kind          uint8
	Name          string // of the system call
	FD, To        int    // the file; or the folders that Path and NewPath are relative to
	Path, NewPath string
	Flags, At     int64 // At is -1 for the file's current position
	Bytes         int64
	Result, Errno uintptr
	Instead       bool  // the call is not made; its outcome is Result and Errno
	Most          int64 // how many bytes a write may write, -1 for all
	Kept          any   // what before has left for after
}

// Kinds of calls.
const (
	racewindowOpens = 1 + iota
	racewindowWrites
	racewindowTruncates
	racewindowAllocates
	racewindowSyncs
	racewindowRenames
	racewindowLinks
	racewindowSymlinks
	racewindowRemoves
	racewindowMkdirs
	racewindowCopies
	racewindowMaps
	racewindowCannot // refused for every file that is recorded
	racewindowReads  // reported because it may be made to fail
	racewindowWaits  // for a child process, which makes calls of its own
)

var (
	racewindowBefore func(c *racewindowCall)
	racewindowAfter  func(c *racewindowCall, data []byte)
)

// racewindowRecord sets the functions that each call is reported to from now on, before and after it is made; two nils end that.
//
//go:linkname racewindowRecord
func racewindowRecord(before func(c *racewindowCall), after func(c *racewindowCall, data []byte)) {
	racewindowBefore, racewindowAfter = before, after
}

// A racewindowShape says what the arguments of a call are. For each kind of argument it holds the position, from 1; 0 for none.
type racewindowShape struct {
	kind                                                 uint8
	fd, to, path, newPath, data, vector, flags, at, size uint8
	given                                                int64 // flags that the call implies
	name                                                 string
}

const (
	racewindowCwd     = -100
	racewindowUnknown = 512 // all numbers of system calls lie below
)

//go:norace
//go:nosplit
func racewindowWatches(trap uintptr) bool {
	return racewindowAfter != nil && trap < racewindowUnknown && racewindowShapes[trap].kind != 0
}

// racewindowSyscall makes a call and reports it. Arguments may point into this goroutine's stack, which may move meanwhile. So they are kept
// as pointers, which move with it.
//
//go:norace
//go:nosplit
//go:uintptrkeepalive
func racewindowSyscall(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err Errno) {
	s := &racewindowShapes[trap]
	var p [4]unsafe.Pointer
	if racewindowPoints(s, 1) {
		p[0] = *(*unsafe.Pointer)(unsafe.Pointer(&a1))
	}
	if racewindowPoints(s, 2) {
		p[1] = *(*unsafe.Pointer)(unsafe.Pointer(&a2))
	}
	if racewindowPoints(s, 3) {
		p[2] = *(*unsafe.Pointer)(unsafe.Pointer(&a3))
	}
	if racewindowPoints(s, 4) {
		p[3] = *(*unsafe.Pointer)(unsafe.Pointer(&a4))
	}
	c := racewindowTold(s, a1, a2, a3, a4, a5, a6, p[0], p[1], p[2], p[3])
	if !c.Instead {
		if p[0] != nil {
			a1 = uintptr(p[0])
		}
		if p[1] != nil {
			a2 = uintptr(p[1])
		}
		if p[2] != nil {
			a3 = uintptr(p[2])
		}
		if p[3] != nil {
			a4 = uintptr(p[3])
		}
		if c.Most >= 0 && uintptr(c.Most) < a3 {
			a3 = uintptr(c.Most)
		}
		runtime_entersyscall()
		r1, r2, err = RawSyscall6(trap, a1, a2, a3, a4, a5, a6)
		runtime_exitsyscall()
		c.Result, c.Errno = r1, uintptr(err)
	}
	racewindowDone(c, s, p[0], p[1], p[2], p[3])
	return c.Result, r2, Errno(c.Errno)
}

//go:norace
//go:nosplit
func racewindowPoints(s *racewindowShape, n uint8) bool {
	return s.path == n || s.newPath == n || s.data == n || s.vector == n
}

// racewindowTold decodes a call and reports it, before it is made.
//
//go:norace
//go:noinline
func racewindowTold(s *racewindowShape, a1, a2, a3, a4, a5, a6 uintptr, p1, p2, p3, p4 unsafe.Pointer) *racewindowCall {
	a := [...]uintptr{0, a1, a2, a3, a4, a5, a6}
	p := [...]unsafe.Pointer{nil, p1, p2, p3, p4}
	c := &racewindowCall{Kind: s.kind, Name: s.name, FD: racewindowCwd, To: racewindowCwd, At: -1, Most: -1, Flags: s.given}
	if s.fd > 0 {
		c.FD = int(int32(a[s.fd]))
	}
	if s.to > 0 {
		c.To = int(int32(a[s.to]))
	}
	if s.path > 0 && p[s.path] != nil {
		c.Path = racewindowText(p[s.path])
	}
	if s.newPath > 0 && p[s.newPath] != nil {
		c.NewPath = racewindowText(p[s.newPath])
	}
	if s.flags > 0 {
		c.Flags |= int64(a[s.flags])
	}
	if s.at > 0 {
		c.At = int64(a[s.at])
	}
	if s.size > 0 {
		c.Bytes = int64(a[s.size])
	}
	if before := racewindowBefore; before != nil {
		before(c)
	}
	return c
}

// racewindowDone reports the outcome of a call.
//
//go:norace
//go:noinline
func racewindowDone(c *racewindowCall, s *racewindowShape, p1, p2, p3, p4 unsafe.Pointer) {
	after := racewindowAfter
	if after == nil {
		return
	}
	p := [...]unsafe.Pointer{nil, p1, p2, p3, p4}
	var data []byte
	switch {
	case c.Errno != 0 || s.kind != racewindowWrites && s.kind != racewindowReads:
	case s.data > 0:
		data = unsafe.Slice((*byte)(p[s.data]), int(c.Result))
	case s.vector > 0:
		data = racewindowGather(unsafe.Slice((*Iovec)(p[s.vector]), c.Bytes), int(c.Result))
	}
	after(c, data)
}

// racewindowGather returns the first bytes of some parts, at most that many.
func racewindowGather(parts []Iovec, bytes int) (all []byte) {
	for _, part := range parts {
		n := min(int(part.Len), bytes-len(all))
		all = append(all, unsafe.Slice(part.Base, n)...)
	}
	return all
}

// racewindowText copies a text that ends with a zero byte.
func racewindowText(p unsafe.Pointer) string {
	n := 0
	for *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(p), n))
}
