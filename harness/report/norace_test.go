//go:build !race

package report

const (
	raceEnabled  = false
	hostileBytes = 1 << 20
)
