//go:build !linux

package disk

// Allocate does nothing: the room is found at each write.
func (f osFile) Allocate(int64) error { return nil }
