//go:build amd64 || arm64

package sched

// goroutine identifies the calling goroutine as long as it lives. It takes about a nanosecond.
func goroutine() uintptr

// stackTop is the highest address of the calling goroutine's stack. It is valid only for the moment: a stack moves when it grows.
func stackTop() uintptr

// framePointer is the caller's: the address of its own caller's saved frame pointer, which the return address follows.
func framePointer() uintptr
