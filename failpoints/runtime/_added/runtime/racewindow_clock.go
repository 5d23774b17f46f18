// The clock outside of bubbles. Tests compare times that their package has read at its start with times that they read in a bubble. So the
// two clocks must not lie decades apart.

package runtime

// racewindowAhead is how long before the clocks of bubbles the clock outside begins. A time that was read outside lies in the past of every
// bubble, until the process has run for so long.
const racewindowAhead = 3600 * 1e9

// racewindowBegan is the real time at which the program began. It is 0 for a program without a driver, which has the real clock alone.
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
