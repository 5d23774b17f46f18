//go:build go1.26

package time

import _ "unsafe" // for go:linkname

// racewindowMoment is the time that passes outside of any bubble (package runtime).
//
//go:linkname racewindowMoment runtime.racewindowMoment
func racewindowMoment() int64
