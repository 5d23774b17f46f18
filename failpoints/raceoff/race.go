//go:build race

package raceoff

import (
	"runtime"
	"unsafe"
)

// Enabled says whether this is a build with the race detector.
const Enabled = true

// Disable makes the race detector ignore the calling goroutine's synchronisation until Enable. Calls nest. Every
// Disable needs its Enable before the goroutine ends or blocks for good.
func Disable() { runtime.RaceDisable() }

// Enable ends what the last Disable began.
func Enable() { runtime.RaceEnable() }

// Races is how many data races the detector has reported in this process so far. It reports equal ones once.
func Races() int { return runtime.RaceErrors() }

// Reads tells the detector that the caller reads p, on behalf of a copy that hides itself with //go:norace.
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

// Copy is copy, unseen by the detector. The built-in copy tells it of both ranges even where //go:norace says not to.
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
