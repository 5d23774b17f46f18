package syscall

// racewindowShapes are the calls that are reported, by number.
var racewindowShapes = [racewindowUnknown]racewindowShape{
	1:   {kind: racewindowWrites, name: "write", fd: 1, data: 2, size: 3},
	18:  {kind: racewindowWrites, name: "pwrite64", fd: 1, data: 2, size: 3, at: 4},
	20:  {kind: racewindowWrites, name: "writev", fd: 1, vector: 2, size: 3},
	296: {kind: racewindowWrites, name: "pwritev", fd: 1, vector: 2, size: 3, at: 4},
	328: {kind: racewindowWrites, name: "pwritev2", fd: 1, vector: 2, size: 3, at: 4, flags: 6},

	0:  {kind: racewindowReads, name: "read", fd: 1, data: 2, size: 3},
	17: {kind: racewindowReads, name: "pread64", fd: 1, data: 2, size: 3, at: 4},

	2:   {kind: racewindowOpens, name: "open", path: 1, flags: 2},
	85:  {kind: racewindowOpens, name: "creat", path: 1, given: O_CREAT | O_WRONLY | O_TRUNC},
	257: {kind: racewindowOpens, name: "openat", fd: 1, path: 2, flags: 3},
	437: {kind: racewindowOpens, name: "openat2", fd: 1, path: 2, given: O_CREAT}, // its flags lie in a struct; the outcome shows what it did

	76:  {kind: racewindowTruncates, name: "truncate", path: 1, size: 2},
	77:  {kind: racewindowTruncates, name: "ftruncate", fd: 1, size: 2},
	285: {kind: racewindowAllocates, name: "fallocate", fd: 1, flags: 2, at: 3, size: 4},

	74:  {kind: racewindowSyncs, name: "fsync", fd: 1},
	75:  {kind: racewindowSyncs, name: "fdatasync", fd: 1},
	26:  {kind: racewindowSyncs, name: "msync"},
	162: {kind: racewindowSyncs, name: "sync"},
	306: {kind: racewindowSyncs, name: "syncfs", fd: 1},

	82:  {kind: racewindowRenames, name: "rename", path: 1, newPath: 2},
	264: {kind: racewindowRenames, name: "renameat", fd: 1, path: 2, to: 3, newPath: 4},
	316: {kind: racewindowRenames, name: "renameat2", fd: 1, path: 2, to: 3, newPath: 4, flags: 5},
	86:  {kind: racewindowLinks, name: "link", path: 1, newPath: 2},
	265: {kind: racewindowLinks, name: "linkat", fd: 1, path: 2, to: 3, newPath: 4, flags: 5},
	88:  {kind: racewindowSymlinks, name: "symlink", path: 1, newPath: 2},
	266: {kind: racewindowSymlinks, name: "symlinkat", path: 1, to: 2, newPath: 3},
	87:  {kind: racewindowRemoves, name: "unlink", path: 1},
	84:  {kind: racewindowRemoves, name: "rmdir", path: 1},
	263: {kind: racewindowRemoves, name: "unlinkat", fd: 1, path: 2},
	83:  {kind: racewindowMkdirs, name: "mkdir", path: 1},
	258: {kind: racewindowMkdirs, name: "mkdirat", fd: 1, path: 2},

	326: {kind: racewindowCopies, name: "copy_file_range", fd: 3, to: 1, at: 4, size: 5},
	40:  {kind: racewindowCopies, name: "sendfile", fd: 1, to: 2, size: 4},
	275: {kind: racewindowCopies, name: "splice", fd: 3, to: 1, at: 4, size: 5},

	9:   {kind: racewindowMaps, name: "mmap", fd: 5, at: 4, flags: 3, size: 2},
	61:  {kind: racewindowWaits, name: "wait4"},
	247: {kind: racewindowWaits, name: "waitid"},

	425: {kind: racewindowCannot, name: "io_uring_setup"},
	206: {kind: racewindowCannot, name: "io_setup"},
}
