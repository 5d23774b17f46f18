package driver

import (
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/racewindow/racewindow/harness/sched"
)

// attributes make a process end together with the process that started it.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// openTrail maps a file into memory, so that what is written there outlives this process.
func openTrail(file string) (*sched.Trail, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := sched.TrailSize(mostChoices)
	if err := f.Truncate(int64(size)); err != nil {
		return nil, err
	}
	memory, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return sched.NewTrail(memory), nil
}

// listeners returns the file descriptors at which this process listens.
func listeners() (all []int) {
	files, _ := os.ReadDir("/proc/self/fd")
	for _, file := range files {
		fd, err := strconv.Atoi(file.Name())
		if err != nil {
			continue
		}
		if listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN); err == nil && listens == 1 {
			all = append(all, fd)
		}
	}
	return all
}

// releasePorts frees the ports of listeners, except those of keep. Each file descriptor stays taken, by a socket without a port, because its
// owner may yet close it.
func releasePorts(keep []int) {
	empty, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer syscall.Close(empty)
	for _, fd := range listeners() {
		if !slices.Contains(keep, fd) {
			_ = syscall.Dup3(empty, fd, syscall.O_CLOEXEC)
		}
	}
}
