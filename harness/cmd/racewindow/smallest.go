package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
)

// errSearchHung says why there is no smallest case.
var errSearchHung = errors.New("the search for it hung: a thread never came to its next failpoint, see above")

// searchFor is how long the smallest case of what was found under load is searched for.
const searchFor = 10 * time.Second

// endProcess is a variable for tests.
var endProcess = os.Exit

// searchSmallest executes a search for the smallest case of what was found under load, and says on progress what was found before it begins.
// An engine that loops without a failpoint makes such a search hang, and then the process must end. tell is called before that, and the exit
// code is that of a finding.
func searchSmallest(progress io.Writer, found string, search, tell func()) {
	fmt.Fprintf(progress, "found %s; its smallest case is searched for, for up to %v\n", found, searchFor)
	before := sched.OnHang(func(string) {
		tell()
		endProcess(exitViolated)
	})
	defer func() { sched.OnHang(before) }()
	search()
}
