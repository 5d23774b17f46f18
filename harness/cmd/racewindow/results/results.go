// Package results writes the results of tests for other programs: as go test's JSON stream, JUnit, SARIF, and GitHub's
// annotations and step summary. It also reads the list of known findings.
package results

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/report"
)

// A Result is the result of one test.
type Result struct {
	// Package is the import path, Test the name of the test function.
	Package, Test string
	Outcome       Outcome
	// Verdict is the word for the result, such as held or sequential. Text is everything that was printed about the test.
	Verdict, Text string
	Elapsed       time.Duration
	Findings      []Finding
}

// An Outcome is a result as a CI counts it.
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
	// File and Line are where the finding shows; "" and 0 if that is not known. File is relative to the folder in which the
	// command runs.
	File string
	Line int
	// Known is the finding's line on the list of known findings, "" if it is not on the list.
	Known string
}

// Name is the finding's line on a list of known findings: package, test and class, without line numbers, because edits move
// lines. A failed assertion has its message instead of its line. In the message each number becomes N, and the folder of
// temporary files becomes /tmp, because other machines have it elsewhere.
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

// Where is FILE:LINE, "" if that is not known.
func (f *Finding) Where() string {
	if f.File == "" || f.Line == 0 {
		return ""
	}
	return filepath.ToSlash(f.File) + ":" + itoa(f.Line)
}
