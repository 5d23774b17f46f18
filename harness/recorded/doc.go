// Package recorded keeps what a program does to the files of a folder on a disk that can lose power (package disks): of code that was never
// written for that. In a binary with racewindow's runtime every call of the system's that changes a file is told, whoever makes it, package os,
// syscall or golang.org/x/sys/unix; what lies below the folder is done on the disk in memory too, in the same order. So the disks that a crash
// may leave are those of package disks, and each becomes a folder again (Attach), on which the program opens what it finds.
//
// A file is known by its number (device and inode), whatever its names, its descriptors and who has opened it. What a write has written is
// taken from the call, and where from the descriptor's position afterwards.
//
// What is not recorded is refused by name (Folder.Err): a shared map that may be written, a link to a name, a file that comes from outside
// or leaves the folder by a rename or a link, an exchange of two names, a hole that is punched, a temporary file without a name, io_uring. What
// comes without any call that is told, from a child process for one, is found when folder and disk are compared (Folder.Check). Permissions, times and
// attributes of files are not on the disk in memory. A file with O_SYNC or O_DSYNC is synced after each write; what O_DIRECT writes is, like any
// other write, on the disk after a sync.
package recorded
