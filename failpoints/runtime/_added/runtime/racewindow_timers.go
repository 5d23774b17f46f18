//go:build !go1.27

package runtime

// racewindowTimers gives timers the channels of Go 1.23 and later, whatever go.mod says: with the older ones a ticker that nobody reads
// fires for ever. Since Go 1.27 there are no others.
func racewindowTimers() { debug.asynctimerchan.Store(0) }
