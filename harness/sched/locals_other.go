//go:build !amd64 && !arm64

package sched

// locals cannot be told here: what never ends and comes to the same places is taken for a circle.
func locals(int64) uint64 { return 0 }
