//go:build !amd64 && !arm64

package sched

// locals cannot be read here: an execution that never ends and comes to the same places counts as a cycle.
func locals(int64) uint64 { return 0 }
