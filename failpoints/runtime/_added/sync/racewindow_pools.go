package sync

import "unsafe"

// racewindowPools are all pools that hold something, and what they hold.
type racewindowPools struct {
	all, old []*Pool
	held     []racewindowHeld
}

type racewindowHeld struct {
	pool                  *Pool
	local, victim         unsafe.Pointer
	localSize, victimSize uintptr
}

// racewindowTakePools empties all pools, and returns what racewindowGivePools puts back. No operation on a pool is in progress: it would hold
// its processor, and there is only one.
//
//go:norace
//go:linkname racewindowTakePools
func racewindowTakePools() unsafe.Pointer {
	taken := &racewindowPools{all: allPools, old: oldPools}
	for _, list := range [...][]*Pool{taken.all, taken.old} {
		for _, p := range list {
			if p.local != nil || p.victim != nil { // else it is in both lists
				taken.held = append(taken.held, racewindowHeld{p, p.local, p.victim, p.localSize, p.victimSize})
				p.local, p.victim, p.localSize, p.victimSize = nil, nil, 0, 0
			}
		}
	}
	allPools, oldPools = nil, nil
	return unsafe.Pointer(taken)
}

// racewindowGivePools drops what the pools hold, and puts back what racewindowTakePools has taken.
//
//go:norace
//go:linkname racewindowGivePools
func racewindowGivePools(pools unsafe.Pointer) {
	racewindowTakePools()
	taken := (*racewindowPools)(pools)
	for _, h := range taken.held {
		h.pool.local, h.pool.victim, h.pool.localSize, h.pool.victimSize = h.local, h.victim, h.localSize, h.victimSize
	}
	allPools, oldPools = taken.all, taken.old
}
