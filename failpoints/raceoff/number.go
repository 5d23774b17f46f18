package raceoff

import "sync/atomic"

// A Number is a shared counter that orders nobody: to the race detector, those who add to it and read it are as unordered as
// if it did not exist. The value itself is atomic. The zero value is zero and ready to use.
type Number struct{ value atomic.Uint64 }

// Add adds delta and returns the new value.
func (n *Number) Add(delta uint64) uint64 {
	Disable()
	v := n.value.Add(delta)
	Enable()
	return v
}

// Load returns the value.
func (n *Number) Load() uint64 {
	Disable()
	v := n.value.Load()
	Enable()
	return v
}

// Store sets the value.
func (n *Number) Store(v uint64) {
	Disable()
	n.value.Store(v)
	Enable()
}

// Raise sets the value to v unless it is already higher.
func (n *Number) Raise(v uint64) {
	Disable()
	for old := n.value.Load(); old < v; old = n.value.Load() {
		if n.value.CompareAndSwap(old, v) {
			break
		}
	}
	Enable()
}
