//go:build amd64 || arm64

package sched

// goroutine identifies the calling goroutine as long as it lives, in a nanosecond.
func goroutine() uintptr

// stackTop is where the stack of the calling goroutine begins, at its highest address. It is of the moment: a stack moves when it
// grows.
func stackTop() uintptr

// framePointer is the caller's: where the frame pointer of its own caller lies, and after it the address to which it returns.
func framePointer() uintptr
