//go:build !linux

package soak

import (
	"os"
	"os/exec"
)

func dieTogether(*exec.Cmd) {}

func askToEnd(p *os.Process) error { return p.Kill() }

func peakOf(*os.ProcessState) uint64 { return 0 }
