//go:build !race

package raceoff

// Enabled says whether this is a build with the race detector.
const Enabled = false

// Disable does nothing in a build without the race detector.
func Disable() {}

// Enable does nothing in a build without the race detector.
func Enable() {}

// Races is 0 in a build without the race detector.
func Races() int { return 0 }

// Reads does nothing in a build without the race detector.
func Reads([]byte) {}

// Writes does nothing in a build without the race detector.
func Writes([]byte) {}

// Copy is copy in a build without the race detector.
func Copy(dst, src []byte) int { return copy(dst, src) }
