package os

import _ "unsafe" // for go:linkname

// racewindowMade are the files and folders that the current execution has made or moved. An execution that is broken off, or fails, may never
// remove them or move them back, and the next one would find them.
var racewindowMade []racewindowEntry

// A racewindowEntry was made, or was there before by the name from.
type racewindowEntry struct{ name, from string }

// racewindowIsThread says whether the caller is of a controlled bubble (package runtime).
//
//go:linkname racewindowIsThread runtime.racewindowIsThread
func racewindowIsThread() bool

// racewindowMakes notes what is about to be made, if it is not there. The race detector does not see it: who makes two files shares nothing.
//
//go:norace
func racewindowMakes(name string, makes bool) {
	if name = racewindowFree(name, makes); name != "" {
		racewindowMade = append(racewindowMade, racewindowEntry{name: name})
	}
}

// racewindowMoves is racewindowMakes for another name of a file: what was there before the execution is the user's, and gets its first name
// back.
//
//go:norace
func racewindowMoves(from, to string) {
	if to = racewindowFree(to, true); to == "" {
		return
	}
	from = racewindowAbsolute(from)
	if _, err := Lstat(from); err != nil {
		return
	}
	if first := racewindowFirst(from); first != to {
		racewindowMade = append(racewindowMade, racewindowEntry{name: to, from: first})
	}
}

// racewindowFirst is the name that a file had before the execution, "" if that has made it or the folder it lies in. Its name now is
// forgotten.
//
//go:norace
func racewindowFirst(name string) string {
	first := name
	for _, all := range []*[]racewindowEntry{&racewindowLeft, &racewindowMade} {
		for i, file := range *all {
			if file.name == name {
				*all = append((*all)[:i:i], (*all)[i+1:]...)
				return file.from
			}
			if file.from == "" && racewindowWithin(name, file.name) {
				first = ""
			}
		}
	}
	return first
}

// racewindowFree is the whole name of what a thread is about to make, "" if it is there.
//
//go:norace
func racewindowFree(name string, makes bool) string {
	if !makes || name == "" || !racewindowIsThread() {
		return ""
	}
	if _, err := Lstat(name); err == nil || !IsNotExist(err) {
		return ""
	}
	return racewindowAbsolute(name)
}

//go:norace
func racewindowAbsolute(name string) string {
	if name != "" && name[0] != '/' {
		folder, err := Getwd()
		if err != nil {
			return ""
		}
		name = folder + "/" + name
	}
	return name
}

//go:norace
func racewindowWithin(name, folder string) bool {
	return folder != "" && len(name) > len(folder) && name[:len(folder)] == folder && name[len(folder)] == '/'
}

// racewindowLeft are the files of executions that held. The next execution finds them, as the next run of a test does.
var racewindowLeft []racewindowEntry

// RacewindowMade ends an execution: what it has made is removed if it was broken off, or has failed.
func RacewindowMade(remove bool) {
	if remove {
		racewindowUnmake(racewindowMade)
		racewindowMade = nil
	}
	for _, file := range racewindowMade {
		if _, err := Lstat(file.name); err == nil { // else the test has removed it, and by the end of this process it may be another one's
			racewindowLeft = append(racewindowLeft, file)
		}
	}
	racewindowMade = nil
}

// RacewindowLeft removes what executions have left, and says what there was, but for what is in folders that they have made.
func RacewindowLeft() (names []string) {
	last := ""
	for _, file := range racewindowLeft {
		if _, err := Lstat(file.name); err == nil && !racewindowWithin(file.name, last) {
			last = file.name
			names = append(names, last)
		}
	}
	racewindowUnmake(racewindowLeft)
	racewindowLeft = nil
	return names
}

func racewindowUnmake(files []racewindowEntry) {
	for i := len(files) - 1; i >= 0; i-- {
		file := files[i]
		if file.from == "" {
			_ = RemoveAll(file.name)
		} else if _, err := Lstat(file.from); IsNotExist(err) {
			_ = Rename(file.name, file.from)
		}
	}
}
