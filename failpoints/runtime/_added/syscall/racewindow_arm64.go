package syscall

// racewindowShapes are the calls that are reported, by number.
var racewindowShapes = [racewindowUnknown]racewindowShape{
	64:  {kind: racewindowWrites, name: "write", fd: 1, data: 2, size: 3},
	68:  {kind: racewindowWrites, name: "pwrite64", fd: 1, data: 2, size: 3, at: 4},
	66:  {kind: racewindowWrites, name: "writev", fd: 1, vector: 2, size: 3},
	70:  {kind: racewindowWrites, name: "pwritev", fd: 1, vector: 2, size: 3, at: 4},
	287: {kind: racewindowWrites, name: "pwritev2", fd: 1, vector: 2, size: 3, at: 4, flags: 6},

	63: {kind: racewindowReads, name: "read", fd: 1, data: 2, size: 3},
	67: {kind: racewindowReads, name: "pread64", fd: 1, data: 2, size: 3, at: 4},

	56:  {kind: racewindowOpens, name: "openat", fd: 1, path: 2, flags: 3},
	437: {kind: racewindowOpens, name: "openat2", fd: 1, path: 2, given: O_CREAT}, // its flags lie in a struct; the outcome shows what it did

	45: {kind: racewindowTruncates, name: "truncate", path: 1, size: 2},
	46: {kind: racewindowTruncates, name: "ftruncate", fd: 1, size: 2},
	47: {kind: racewindowAllocates, name: "fallocate", fd: 1, flags: 2, at: 3, size: 4},

	82:  {kind: racewindowSyncs, name: "fsync", fd: 1},
	83:  {kind: racewindowSyncs, name: "fdatasync", fd: 1},
	227: {kind: racewindowSyncs, name: "msync"},
	81:  {kind: racewindowSyncs, name: "sync"},
	267: {kind: racewindowSyncs, name: "syncfs", fd: 1},

	38:  {kind: racewindowRenames, name: "renameat", fd: 1, path: 2, to: 3, newPath: 4},
	276: {kind: racewindowRenames, name: "renameat2", fd: 1, path: 2, to: 3, newPath: 4, flags: 5},
	37:  {kind: racewindowLinks, name: "linkat", fd: 1, path: 2, to: 3, newPath: 4, flags: 5},
	36:  {kind: racewindowSymlinks, name: "symlinkat", path: 1, to: 2, newPath: 3},
	35:  {kind: racewindowRemoves, name: "unlinkat", fd: 1, path: 2},
	34:  {kind: racewindowMkdirs, name: "mkdirat", fd: 1, path: 2},

	285: {kind: racewindowCopies, name: "copy_file_range", fd: 3, to: 1, at: 4, size: 5},
	71:  {kind: racewindowCopies, name: "sendfile", fd: 1, to: 2, size: 4},
	76:  {kind: racewindowCopies, name: "splice", fd: 3, to: 1, at: 4, size: 5},

	222: {kind: racewindowMaps, name: "mmap", fd: 5, at: 4, flags: 3, size: 2},
	260: {kind: racewindowWaits, name: "wait4"},
	95:  {kind: racewindowWaits, name: "waitid"},

	425: {kind: racewindowCannot, name: "io_uring_setup"},
	0:   {kind: racewindowCannot, name: "io_setup"},
}
