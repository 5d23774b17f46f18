// The clock outside of bubbles. Tests compare times that their package has read at its start with times that they read in a bubble. So the
// two clocks must not lie decades apart.

package runtime

// racewindowAhead is how far the clock outside starts before the clocks of bubbles. So a time that was read outside lies in the past of every
// bubble, until the process has run for that long.
const racewindowAhead = 3600 * 1e9

// racewindowBegan is the real time at which the program began. It is 0 in a program without a driver, which has only the real clock.
var racewindowBegan int64

// racewindowNow is time.Now outside of bubbles. It has no monotonic reading, as in bubbles: otherwise time.Since would compare the monotonic
// clock of one side with that of the other.
func racewindowNow() (sec int64, nsec int32, mono int64) {
	if racewindowBegan == 0 {
		return time_now()
	}
	now := racewindowEpoch - racewindowAhead + nanotime() - racewindowBegan
	return now / 1e9, int32(now % 1e9), 0
}
