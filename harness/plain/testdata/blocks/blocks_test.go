// Package blocks has a test that waits in the system, where no scheduler sees it.
package blocks

import (
	"sync/atomic"
	"syscall"
	"testing"
)

func TestBlocks(t *testing.T) {
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int32
	go n.Add(1)
	n.Add(1)
	var b [1]byte
	_, _ = syscall.Read(pipe[0], b[:])
}

func TestAfterItRight(t *testing.T) {
	var n atomic.Int32
	go n.Add(1)
	n.Add(1)
}
