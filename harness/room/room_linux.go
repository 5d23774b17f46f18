package room

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// A Limit bounds the size of files that this process writes. A write beyond it fails with EFBIG.
type Limit struct {
	before syscall.Rlimit
	met    chan os.Signal
}

// LimitFiles sets the limit, in bytes.
func LimitFiles(bytes uint64) (*Limit, error) {
	l := &Limit{met: make(chan os.Signal, 1)}
	err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l.before)
	if err == nil {
		signal.Notify(l.met, syscall.SIGXFSZ) // the signal would end the process
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: l.before.Max})
	}
	if err != nil {
		return nil, fmt.Errorf("limit the size of files: %w", err)
	}
	return l, nil
}

// Met says whether anything met the limit since the last call.
func (l *Limit) Met() bool {
	select {
	case <-l.met:
		return true
	default:
		return false
	}
}

// Lift removes the limit.
func (l *Limit) Lift() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l.before); err != nil {
		return fmt.Errorf("lift the limit on the size of files: %w", err)
	}
	return nil
}

// MountSmall mounts a tmpfs on a folder, with a size in bytes.
func MountSmall(folder string, bytes int) (unmount func() error, err error) {
	if err := syscall.Mount("racewindow", folder, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d", bytes)); err != nil {
		return nil, &os.SyscallError{Syscall: "mount", Err: err}
	}
	return func() error { return syscall.Unmount(folder, syscall.MNT_DETACH) }, nil
}

// detach unmounts what is mounted on a folder, if anything.
func detach(folder string) { _ = syscall.Unmount(folder, syscall.MNT_DETACH|unmountNoFollow) }

const unmountNoFollow = 0x8 // UMOUNT_NOFOLLOW

// Free returns how many bytes the file system of a folder has left.
func Free(folder string) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(folder, &s)
	return int64(s.Bavail) * s.Bsize, err
}

// FileSystem returns the name of the file system that holds a folder.
func FileSystem(folder string) string {
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
