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

// racewindowNew says whether a call of a thread makes a file, if it succeeds. Without O_EXCL it may also open one: a file that is there already
// belongs to somebody else. One that another process makes between this look and the call cannot be told apart.
//
//go:norace
func racewindowNew(name string, flag int) bool {
	if flag&O_CREATE == 0 || name == "" || !racewindowIsThread() {
		return false
	}
	if flag&O_EXCL != 0 {
		return true
	}
	_, err := Lstat(name)
	return err != nil && IsNotExist(err)
}

// racewindowAt returns the absolute path of a file that a thread names relative to an open folder, as the methods of Root do; "" if the
// caller is no thread.
//
//go:norace
func racewindowAt(folder int, name string) string {
	if !racewindowIsThread() {
		return ""
	}
	number := "" // in decimal: the package for that has other names in other versions of Go
	for ; folder > 0 || number == ""; folder /= 10 {
		number = string(rune('0'+folder%10)) + number
	}
	path, err := Readlink("/proc/self/fd/" + number)
	if err != nil {
		return ""
	}
	return path + "/" + name
}

// racewindowFresh returns the path of such a file if a call makes it; otherwise "".
//
//go:norace
func racewindowFresh(folder int, name string, flag int) string {
	if flag&O_CREATE == 0 {
		return ""
	}
	if name = racewindowAt(folder, name); !racewindowNew(name, flag) {
		return ""
	}
	return name
}

// racewindowMakes notes a file that a call has made. Before the call it might note the file of another process: random names are the same in
// all processes that execute the same schedule. The race detector sees none of it: goroutines that make two different files share nothing.
//
//go:norace
func racewindowMakes(name string, makes bool, err *error) {
	if name = racewindowDone(name, *err); makes && name != "" {
		racewindowMade = append(racewindowMade, racewindowEntry{name: name})
	}
}

// racewindowMoves notes that a file has got another name. A file that existed before the execution belongs to the user, so it gets its old
// name back at the end. free says that no file had the new name.
//
//go:norace
func racewindowMoves(from, to string, free bool, err *error) {
	from, to = racewindowDone(from, *err), racewindowDone(to, *err)
	if from == "" || to == "" {
		return
	}
	first := racewindowFirst(from)
	if (free || racewindowFirst(to) != to) && first != to { // else it has replaced a file of the user's
		racewindowMade = append(racewindowMade, racewindowEntry{name: to, from: first})
	}
}

// racewindowRemoves forgets a file that a thread has removed, and what was in it: the names may become those of another process.
//
//go:norace
func racewindowRemoves(name string, err *error) {
	if name = racewindowDone(name, *err); name == "" {
		return
	}
	for _, all := range []*[]racewindowEntry{&racewindowLeft, &racewindowMade} {
		kept := 0
		for _, file := range *all {
			if file.name != name && !racewindowWithin(file.name, name) {
				(*all)[kept] = file
				kept++
			}
		}
		*all = (*all)[:kept]
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

// racewindowDone returns the absolute path of a file of which a thread's call has returned; "" if the call has failed.
//
//go:norace
func racewindowDone(name string, err error) string {
	if err != nil || !racewindowIsThread() {
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
