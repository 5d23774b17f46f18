// Package recorded keeps what a program does to the files of a folder on a disk that can lose power (package disks), for code that
// was never written for that. In a binary with racewindow's runtime, every system call that changes a file is reported, whether
// package os, syscall or golang.org/x/sys/unix makes it. A call below the folder is repeated on the disk in memory, in the same
// order. So the disks that a crash may leave are those of package disks. Each of them becomes a folder again (Attach), on which the
// program opens what it finds.
//
// Where goroutines run freely (AttachFreely), no other call of the folder is made between a call and its repetition.
//
// What it costs, on an idle machine, for files in memory: a write of 100 bytes with a sync takes 3.7 us recorded and 1.3 us alone; 7,800
// disks a second are made into a folder and read (go test -run '^$' -bench . ./harness/recorded). In other builds nothing is reported.
//
// A file is known by its device and inode numbers, whatever its names and descriptors are, and whoever has opened it. The bytes of a
// write are taken from the call, and their place from the descriptor's position after it.
//
// What cannot be recorded is refused by name (Folder.Err): a writable shared map, a symbolic link, a file that comes from outside or
// leaves the folder by a rename or a link, an exchange of two names, a punched hole, a temporary file without a name, io_uring, and a file
// that a call meets although no reported call made it. Changes that no reported call makes, for example those of a child process, are found
// when folder and disk are compared (Folder.Check); that is also done when somebody has waited for a child process. The disk in memory has
// no permissions, times and attributes of files. A file with O_SYNC or O_DSYNC is synced after each write, and so is a write with RWF_SYNC
// or RWF_DSYNC; a write with O_DIRECT, like any other, reaches the disk with a sync.
package recorded
