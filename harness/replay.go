package harness

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/drive"
)

// Replay runs a test that calls Check, and makes that Check execute one case instead of searching. It is a regression test
// for a finding; 'racewindow report --format gotest' writes it.
//
//	func TestEvict(t *testing.T) {
//		harness.Replay(t, TestCache, `v1 test=TestCache; c0: put("a", 1); c1: evict(); @ c0@put/chosen#1>c1`)
//	}
//
// Replay fails as long as the case fails. If the places of the case are gone, as after a fix, it explores the case's program
// instead. A plain go test cannot follow a schedule: there it is skipped, or fails with RACEWINDOW_REQUIRE=1.
func Replay(t *testing.T, test func(*testing.T), text string) {
	t.Helper()
	head, ok := strings.CutPrefix(cases.HeadOf(text), "test=")
	switch {
	case !ok:
		t.Fatalf("harness.Replay: the case must begin with 'v1 test=NAME', the test that calls Check: %.80q", text)
	case flagged(drive.Flag) != "" || flagged(caseFlag) != "":
		t.Skip("harness.Replay: the command executes what it was told to, and not this case")
	}
	top, _, _ := strings.Cut(head, "/")
	r := &replayed{text: text, head: head, top: top}
	replays.Store(t.Name(), r)
	t.Cleanup(func() { // runs after the subtests too
		replays.Delete(t.Name())
		if !r.taken.Load() && !t.Failed() && !t.Skipped() {
			t.Errorf("harness.Replay: no Check of %s was called, so the case was not executed", head)
		}
	})
	test(t)
}

// replays holds the cases to execute instead of searches, by the name of the test that called Replay.
var replays sync.Map

// A replayed is one such case.
type replayed struct {
	text      string
	head, top string // the test that the case belongs to, and its test function
	taken     atomic.Bool
}

// replayOf returns the case that a test should execute, or nil, and the name that the test has without Replay.
func replayOf(name string) (r *replayed, of string) {
	for above := name; above != ""; {
		if found, ok := replays.Load(above); ok {
			r := found.(*replayed)
			return r, r.top + strings.TrimPrefix(name, above)
		}
		end := max(0, strings.LastIndexByte(above, '/'))
		above = above[:end]
	}
	return nil, name
}

// replayInstead executes the case of a Replay.
func (c *checking) replayInstead(r *replayed) {
	c.t.Helper()
	if caseName(c.name) != r.head {
		c.t.Skipf("harness.Replay: the case is of %s", r.head)
		return
	}
	r.taken.Store(true)
	command := fmt.Sprintf("racewindow test -run '%s'", anchored(c.t.Name()))
	switch {
	case failpoints.Instrumented():
		c.regression("the case of "+c.t.Name(), "", r.text)
	case os.Getenv(RequireVariable) == "1":
		c.t.Fatalf("harness.Replay: %s=1, and this build is not instrumented, so no schedule can be followed. Run:\n    %s", RequireVariable, command)
	default:
		c.t.Skipf("NOT executed, because this build is not instrumented: %s", command)
	}
}

// anchored returns a pattern that matches exactly one test.
func anchored(name string) string { return "^" + strings.ReplaceAll(name, "/", "$/^") + "$" }

// callingPackage returns the name and the import path of the package whose test calls; both are "" if unknown. The name is
// read from the test's file.
func callingPackage() (name, path string) {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.File, "_test.go") {
			slash := strings.LastIndexByte(frame.Function, '/') + 1
			last, _, _ := strings.Cut(frame.Function[slash:], ".")
			name, path = last, strings.TrimSuffix(frame.Function[:slash]+last, "_test")
			if file, err := parser.ParseFile(token.NewFileSet(), frame.File, nil, parser.PackageClauseOnly); err == nil {
				name = file.Name.Name
			}
			return name, path
		}
		if !more {
			return "", ""
		}
	}
}
