package kill

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// limitFiles bounds how long this process may make a file; beyond that a write fails with EFBIG.
func limitFiles(bytes uint64) error {
	if bytes == 0 {
		return nil
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: bytes}); err != nil {
		return fmt.Errorf("limit the size of files: %w", err)
	}
	return nil
}

// mountSmall mounts a tmpfs of that size on a folder.
func mountSmall(folder string, bytes int) (unmount func() error, err error) {
	if err := syscall.Mount("racewindow", folder, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d", bytes)); err != nil {
		return nil, &os.SyscallError{Syscall: "mount", Err: err}
	}
	return func() error { return syscall.Unmount(folder, syscall.MNT_DETACH) }, nil
}

// free is how many bytes a file system has left.
func free(folder string) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(folder, &s)
	return int64(s.Bavail) * s.Bsize, err
}

// fileSystem names the file system that a folder is on.
func fileSystem(folder string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return "unknown"
	}
	if name, ok := fileSystems[int64(s.Type)]; ok {
		return name
	}
	return fmt.Sprintf("type %#x", s.Type)
}

var fileSystems = map[int64]string{
	0xef53: "ext4", 0x01021994: "tmpfs", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x794c7630: "overlayfs", 0x6969: "nfs", 0x2fc12fc1: "zfs",
}
