// Signals on systems with process groups. The go command does not pass SIGTERM on to the test binary that it runs, so the
// whole group gets the signal.

//go:build unix

package overlay

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// coverSupported is true: the wrapper around the cover tool is a shell script, which needs a Unix system.
const coverSupported = true

// caughtSignals returns the signals that end a process and can be caught. SIGHUP stays ignored if nohup ignores it.
func caughtSignals() []os.Signal {
	caught := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT}
	if !signal.Ignored(syscall.SIGHUP) {
		caught = append(caught, syscall.SIGHUP)
	}
	return caught
}

// ownGroup gives the go command its own process group. A program that reads from a terminal must stay in the terminal's
// foreground group; Ctrl-C then reaches it and its children without our help.
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

// groupRuns says whether any process of the group that pid led is left. It cannot mean the group of racewindow itself: a
// child without its own group has no group with its number.
func groupRuns(pid int) bool { return syscall.Kill(-pid, 0) == nil }

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

func signalNumber(ended *exec.ExitError) int {
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int(status.Signal())
	}
	return 0
}

// inheritedForWriting says whether a descriptor was inherited and is open for writing. Descriptors that this program opened
// itself are marked close-on-exec.
func inheritedForWriting(number int) bool {
	flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return false
	}
	status, err := unix.FcntlInt(uintptr(number), unix.F_GETFL, 0)
	return err == nil && status&unix.O_ACCMODE != unix.O_RDONLY
}
