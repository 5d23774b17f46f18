// Package results holds what became of the tests of a run, and tells other programs: go test's JSON stream, JUnit, SARIF, GitHub's
// annotations and step summary, and the list of findings that are known.
package results

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/report"
)

// A Result is what became of one test.
type Result struct {
	// Package is the import path, Test the name of the test function.
	Package, Test string
	Outcome       Outcome
	// Verdict is the word for the outcome, such as held or sequential, and Text all that was told of the test, in lines.
	Verdict, Text string
	Elapsed       time.Duration
	Findings      []Finding
}

// An Outcome is what a CI makes of a result.
type Outcome string

// Outcomes, in the words of go test's JSON stream.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Skip Outcome = "skip"
)

// A Finding is one failure of a test.
type Finding struct {
	Report *report.Report
	// Package and Test are the result's.
	Package, Test string
	// File, from the folder in which the command runs, and Line are where it shows; "" and 0 where that is not known.
	File string
	Line int
	// Known is the line of the list of known findings that it is on, "" if it is on none.
	Known string
}

// Name is how a finding is called in a list of known ones: package, test and class, without what an edit moves: lines. A failed
// assertion has what it says in the place of its line, N for each number in it, and /tmp for the folder of temporary files, which another
// machine has elsewhere.
func (f *Finding) Name() string {
	class := f.Report.Class
	if class == "" {
		class = f.Report.Promise
	}
	if failed := strings.HasPrefix(class, "failed in "); failed {
		said, _, _ := strings.Cut(f.Report.Detail, "\n")
		said = strings.ReplaceAll(located.ReplaceAllString(said, ""), strings.TrimSuffix(os.TempDir(), "/")+"/", "/tmp/")
		class = "failed: " + numbers.ReplaceAllString(said, "N")
	}
	return f.Package + " " + f.Test + ": " + strings.Join(strings.Fields(lineNumber.ReplaceAllString(class, "$1")), " ")
}

var (
	lineNumber = regexp.MustCompile(`(\.go):\d+`)
	located    = regexp.MustCompile(`^[\w.-]+\.go:\d+: `)
	numbers    = regexp.MustCompile(`\d+`)
)

// title says in a few words what was found.
func (f *Finding) title() string {
	kind, _, _ := strings.Cut(f.Report.Class, " in ")
	if kind == "" {
		kind = "failed"
	}
	return f.Test + ": " + kind
}

// Where is FILE:LINE, "" if it is not known.
func (f *Finding) Where() string {
	if f.File == "" || f.Line == 0 {
		return ""
	}
	return filepath.ToSlash(f.File) + ":" + itoa(f.Line)
}
