// Signals where processes have no groups: the go command alone is signalled.

//go:build !unix

package overlay

import (
	"io"
	"os"
	"os/exec"
)

// coverSupported: the wrapper around the cover tool is a shell script.
const coverSupported = false

func ownGroup(*exec.Cmd, io.Reader) {}

func leadsGroup(*os.Process) bool { return false }

// signalChild can only kill here.
func signalChild(p *os.Process, _ os.Signal) error { return p.Kill() }

func signalNumber(*exec.ExitError) int { return 0 }
