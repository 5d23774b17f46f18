//go:build !linux

package disk

// Allocate does nothing: each write allocates its own room.
func (f osFile) Allocate(int64) error { return nil }
