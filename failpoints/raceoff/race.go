//go:build race

package raceoff

import (
	"runtime"
	"unsafe"
)

// Enabled says whether this is a build with the race detector.
const Enabled = true

// Disable makes the race detector ignore the synchronisation of the calling goroutine until Enable. Calls nest. Call Enable
// before the goroutine ends or blocks for good.
func Disable() { runtime.RaceDisable() }

// Enable undoes the last Disable.
func Enable() { runtime.RaceEnable() }

// Races returns how many data races the detector has reported in this process so far. It reports equal races once.
func Races() int { return runtime.RaceErrors() }

// Reads tells the detector that the caller reads p. A copy that hides itself with //go:norace calls it.
func Reads(p []byte) {
	if len(p) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&p[0]), len(p))
	}
}

// Writes tells the detector that the caller writes p.
func Writes(p []byte) {
	if len(p) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&p[0]), len(p))
	}
}

// Copy is copy, unseen by the detector. The built-in copy reports both ranges to the detector even in a //go:norace
// function.
//
//go:norace
func Copy(dst, src []byte) int {
	const block = 64
	n := min(len(dst), len(src))
	i := 0
	for ; i+block <= n; i += block {
		*(*[block]byte)(dst[i:]) = *(*[block]byte)(src[i:])
	}
	for ; i < n; i++ {
		dst[i] = src[i]
	}
	return n
}
