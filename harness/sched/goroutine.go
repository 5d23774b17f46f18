//go:build amd64 || arm64

package sched

// goroutine identifies the calling goroutine as long as it lives, in a nanosecond.
func goroutine() uintptr
