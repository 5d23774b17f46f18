package storage

import (
	"syscall"
	"unsafe"
)

// adviseHugePages asks the kernel to back memory with huge pages: all that the slab touches, its neighbours' part included. The
// kernel may refuse, and then each page is small.
func adviseHugePages(slab []byte) {
	const huge, hugePage = 2 << 20, 14 // MADV_HUGEPAGE
	from := uintptr(unsafe.Pointer(unsafe.SliceData(slab)))
	to := (from + uintptr(len(slab)) + huge - 1) &^ (huge - 1)
	from &^= huge - 1
	_, _, _ = syscall.RawSyscall(syscall.SYS_MADVISE, from, to-from, hugePage)
}
