package os

import _ "unsafe" // for go:linkname

// racewindowMade lists the files and folders that the current execution has made or moved. An execution that fails or is abandoned may never
// remove them or move them back, and the next execution would find them.
var racewindowMade []racewindowEntry

// A racewindowEntry is a file that the execution made (from is empty) or moved; from is its name before the execution.
type racewindowEntry struct{ name, from string }

// racewindowIsThread says whether the caller belongs to a controlled bubble (package runtime).
//
//go:linkname racewindowIsThread runtime.racewindowIsThread
func racewindowIsThread() bool

// racewindowMakes notes a file that is about to be made, unless it exists. The race detector sees none of it: goroutines that make two
// different files share nothing.
//
//go:norace
func racewindowMakes(name string, makes bool) {
	if name = racewindowFree(name, makes); name != "" {
		racewindowMade = append(racewindowMade, racewindowEntry{name: name})
	}
}

// racewindowMoves notes that a file is about to get another name. A file that existed before the execution belongs to the user, so it gets
// its old name back at the end.
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

// racewindowFirst returns the name that a file had before the execution; "" if the execution made the file or a folder that contains it. It
// forgets the file's entry.
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

// racewindowFree returns the absolute path of a file that a thread is about to make; "" if the file exists.
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

// racewindowLeft lists the files of executions that passed. The next execution finds them, as the next run of a test would.
var racewindowLeft []racewindowEntry

// RacewindowMade ends an execution. If remove is set, because it was abandoned or failed, what it made is removed.
func RacewindowMade(remove bool) {
	if remove {
		racewindowUnmake(racewindowMade)
		racewindowMade = nil
	}
	for _, file := range racewindowMade {
		if _, err := Lstat(file.name); err == nil { // else the test removed it, and when this process ends, the name may belong to another one's file
			racewindowLeft = append(racewindowLeft, file)
		}
	}
	racewindowMade = nil
}

// RacewindowLeft removes what executions have left, and returns the names, without those inside a folder that it names.
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
