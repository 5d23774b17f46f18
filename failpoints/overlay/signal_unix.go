// Signals where processes have groups: the go command does not pass SIGTERM on to the test binary that it runs, so the
// whole group is signalled.

//go:build unix

package overlay

import (
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// coverSupported: the wrapper around the cover tool is a shell script.
const coverSupported = true

// ownGroup gives the go command a process group of its own. A program that reads from a terminal must stay in the
// terminal's foreground group; there, Ctrl-C reaches it and its children without us.
func ownGroup(cmd *exec.Cmd, stdin io.Reader) {
	if f, ok := stdin.(*os.File); ok && isTerminal(f) {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// leadsGroup says whether p leads a process group of its own.
func leadsGroup(p *os.Process) bool {
	group, err := syscall.Getpgid(p.Pid)
	return err == nil && group == p.Pid
}

// signalChild signals the group of p when p leads one, and otherwise p alone.
func signalChild(p *os.Process, s os.Signal) error {
	number, ok := s.(syscall.Signal)
	if !ok || !leadsGroup(p) {
		return p.Signal(s)
	}
	return syscall.Kill(-p.Pid, number)
}

func signalNumber(ended *exec.ExitError) int {
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int(status.Signal())
	}
	return 0
}
