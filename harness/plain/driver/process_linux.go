package driver

import (
	"os"
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
