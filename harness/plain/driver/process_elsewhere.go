//go:build !linux

package driver

import (
	"errors"
	"syscall"

	"github.com/racewindow/racewindow/harness/sched"
)

func attributes() *syscall.SysProcAttr { return nil }

func listeners() []int { return nil }

func releasePorts([]int) {}

func openTrail(string) (*sched.Trail, error) {
	return nil, errors.New("plain tests are explored on Linux only")
}
