// The clock outside of bubbles. What a package has read of it before the tests begin is compared with what they read in a bubble, so it must
// not lie decades after that.

package runtime

// racewindowAhead is how long before the clocks of bubbles the one outside of them begins. What was read there lies in the past of a bubble
// for as long, however long the process has taken until then.
const racewindowAhead = 3600 * 1e9

// racewindowBegan is what the real clock has shown when the program began, 0 if nobody drives its bubbles: then there is none but the
// real one.
var racewindowBegan int64

// racewindowNow is time.Now outside of bubbles. As in them there is no monotonic reading: time.Since would take the difference of that and
// of what a bubble shows.
func racewindowNow() (sec int64, nsec int32, mono int64) {
	if racewindowBegan == 0 {
		return time_now()
	}
	now := racewindowEpoch - racewindowAhead + nanotime() - racewindowBegan
	return now / 1e9, int32(now % 1e9), 0
}
