package os

import _ "unsafe" // for go:linkname

// racewindowMade are the files and folders that the execution now has made. One that is broken off, or fails, may never come to the line that
// removes them, and the next one would find them.
var racewindowMade []string

// racewindowIsThread says whether the caller is of a controlled bubble (package runtime).
//
//go:linkname racewindowIsThread runtime.racewindowIsThread
func racewindowIsThread() bool

// racewindowMakes notes what is about to be made, if it is not there. The race detector does not see it: who makes two files shares nothing.
//
//go:norace
func racewindowMakes(name string, makes bool) {
	if !makes || name == "" || !racewindowIsThread() {
		return
	}
	if _, err := Lstat(name); err == nil || !IsNotExist(err) {
		return
	}
	if name[0] != '/' {
		folder, err := Getwd()
		if err != nil {
			return
		}
		name = folder + "/" + name
	}
	racewindowMade = append(racewindowMade, name)
}

// racewindowLeft are those of executions that held. They are there for the next one, as they are for the next run of a test.
var racewindowLeft []string

// RacewindowMade ends an execution: what it has made is removed if it was broken off, or has failed.
func RacewindowMade(remove bool) {
	if remove {
		racewindowUnmake(racewindowMade)
		racewindowMade = nil
	}
	for _, name := range racewindowMade {
		if _, err := Lstat(name); err == nil { // else the test has removed it, and by the end of this process it may be another one's
			racewindowLeft = append(racewindowLeft, name)
		}
	}
	racewindowMade = nil
}

// RacewindowLeft removes what executions have left, and says what there was, but for what is in folders that they have made.
func RacewindowLeft() (names []string) {
	last := ""
	for _, name := range racewindowLeft {
		within := last != "" && len(name) > len(last) && name[:len(last)] == last && name[len(last)] == '/'
		if _, err := Lstat(name); err == nil && !within {
			last = name
			names = append(names, name)
		}
	}
	racewindowUnmake(racewindowLeft)
	racewindowLeft = nil
	return names
}

func racewindowUnmake(names []string) {
	for i := len(names) - 1; i >= 0; i-- {
		_ = RemoveAll(names[i])
	}
}
