//go:build !amd64 && !arm64

package sched

import (
	"bytes"
	"runtime"
	"strconv"
)

// goroutine identifies the calling goroutine as long as it lives. It reads the head of its own stack trace, which takes
// about a microsecond.
func goroutine() uintptr {
	var buffer [64]byte
	text := bytes.TrimPrefix(buffer[:runtime.Stack(buffer[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(text, []byte(" "))
	id, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		return 0
	}
	return uintptr(id)
}
