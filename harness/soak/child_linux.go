package soak

import (
	"os"
	"os/exec"
	"syscall"
)

// dieTogether has the system kill the child when this process is killed, which then can do nothing about it. What a terminal sends
// on Ctrl-C does not reach the child: this process asks it to end, and would else take that for a death.
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
