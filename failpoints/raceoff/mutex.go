package raceoff

import "sync"

// A Mutex excludes like a sync.Mutex and orders nobody: a critical section leaves no happens-before edge behind. What
// it guards must itself be invisible to the race detector (//go:norace), or the detector will report it.
// The zero value is unlocked.
type Mutex struct{ mutex sync.Mutex }

// Lock locks.
func (m *Mutex) Lock() {
	Disable()
	m.mutex.Lock()
	Enable()
}

// Unlock unlocks.
func (m *Mutex) Unlock() {
	Disable()
	m.mutex.Unlock()
	Enable()
}
