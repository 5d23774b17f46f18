// Signals on systems without process groups: only the go command gets the signal.

//go:build !unix

package overlay

import (
	"io"
	"os"
	"os/exec"
	"syscall"
)

// coverSupported is false because the wrapper around the cover tool is a shell script.
const coverSupported = false

func caughtSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

func ownGroup(*exec.Cmd, io.Reader) {}

func leadsGroup(*os.Process) bool { return false }

// signalChild can only kill here.
func signalChild(p *os.Process, _ os.Signal) error { return p.Kill() }

func groupRuns(int) bool { return false }

func killGroup(int) {}

func signalNumber(*exec.ExitError) int { return 0 }

func inheritedForWriting(int) bool { return false }
