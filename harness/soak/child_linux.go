package soak

import (
	"os"
	"os/exec"
	"syscall"
)

// dieTogether makes the system kill the child when this process is killed, because a killed process cannot do that itself. It
// also puts the child into a process group of its own, so that Ctrl-C does not reach it: this process asks it to end, and would
// otherwise take its end for a death.
func dieTogether(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

func askToEnd(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// peakOf is the most memory that a process had, in bytes.
func peakOf(s *os.ProcessState) uint64 {
	if usage, ok := s.SysUsage().(*syscall.Rusage); ok {
		return uint64(usage.Maxrss) << 10
	}
	return 0
}
