package main

import (
	"errors"
	"os"

	"github.com/racewindow/racewindow/harness/sched"
)

// errSearchHung says why there is no smallest case.
var errSearchHung = errors.New("the search for it hung: a thread never came to its next failpoint, see above")

// endProcess is a variable for tests.
var endProcess = os.Exit

// searchSmallest executes a search for the smallest case of what was found under load. An engine that loops without a failpoint makes such
// a search hang, and then the process must end. tell is called before that, and the exit code is that of a finding.
func searchSmallest(search func(), tell func()) {
	before := sched.OnHang(func(string) {
		tell()
		endProcess(exitViolated)
	})
	defer func() { sched.OnHang(before) }()
	search()
}
