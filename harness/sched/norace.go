package sched

// UnderRaceDetector says whether this is a build with -race, in which nothing may read shared state between two threads.
func UnderRaceDetector() bool { return raceEnabled }
