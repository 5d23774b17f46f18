package testing

import (
	"runtime"
	"strings"
	_ "unsafe" // for go:linkname
)

// racewindowSaid is the first failure of the current execution.
var racewindowSaid racewindowWord

// A racewindowWord is a call of Error, Fatal, Fail or another such function.
type racewindowWord struct {
	said        bool
	site, words string
}

// racewindowSays notes the first failure of an execution: its place, as log prints it, and its words. It returns the words. Fail has none;
// all other functions report theirs first and then call Fail.
func racewindowSays(c *common, words string) string {
	if racewindowTest == nil || racewindowNoted() {
		return words
	}
	if n := c.destination(); n != nil { // otherwise the test is over, and a panic follows
		racewindowNote(strings.TrimSuffix(n.callSite(racewindowDepth()), ": "), words)
	}
	return words
}

// racewindowTold is told each line that a test logs; nil for nobody.
var racewindowTold func(line string)

// RacewindowTells sets who is told each line that a test logs (t.Log, t.Error, t.Output), with its place. The race detector does not see
// it.
//
//go:norace
func RacewindowTells(told func(line string)) { racewindowTold = told }

//go:norace
func racewindowLogs(line []byte) {
	if racewindowTold != nil {
		racewindowTold(string(line))
	}
}

// racewindowDepth returns how many callers callSite must skip: itself, and functions of this file and of common.
func racewindowDepth() (skip int) {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])]) // racewindowSays first
	for skip = 1; ; skip++ {
		frame, more := frames.Next()
		if !more || frame.Function != "testing.racewindowSays" && !strings.HasPrefix(frame.Function, "testing.(*common).") {
			return skip
		}
	}
}

// These are not seen by the race detector: sub-tests that run side by side may both fail.

//go:norace
func racewindowNoted() bool { return racewindowSaid.said }

//go:norace
func racewindowNote(site, words string) { racewindowSaid = racewindowWord{true, site, words} }

// Said is what has first made the test fail: the file and line, and the words, which may be none. ok is false if nothing has.
func (r *RacewindowRun) Said() (site, words string, ok bool) {
	return racewindowSaid.site, racewindowSaid.words, racewindowSaid.said
}

// racewindowAlone has the calling goroutine pass its points, or ends that (package runtime).
//
//go:linkname racewindowAlone runtime.racewindowAlone
func racewindowAlone(begins bool)
