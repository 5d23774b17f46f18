package sched

// UnderRaceDetector says whether this is a build with -race, in which nothing can be looked at between two threads.
func UnderRaceDetector() bool { return raceEnabled }
