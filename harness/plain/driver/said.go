package driver

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
)

// failed makes the failure of a test that reports it itself: the first report, whatever the test logged before or said
// after.
func (m *mechanism) failed(output string) *sched.Failure {
	if pc := m.over.Counts; pc != 0 {
		frame := userFrame(pc)
		return &sched.Failure{Kind: sched.Unusable, Message: fmt.Sprintf("the test counts allocations, in %s (%s:%d), and those of the exploration are counted too: %s",
			shortFunction(frame.Function), filepath.Base(frame.File), frame.Line, firstOf(said(output)))}
	}
	f := &sched.Failure{Kind: sched.Failed, Thread: "main"}
	site, words, ok := m.run.Said()
	if !ok {
		f.Message, f.Site = said(output), siteOfOutput(output)
		return f
	}
	f.Site, f.Message = site, site+": "+withoutLabels(words)
	if strings.TrimSpace(words) == "" {
		f.Message = site + ": the test failed without a message"
	}
	return f
}

func firstOf(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// said returns what a test has written, without the lines that name its failed sub-tests.
func said(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line != "" && !verdict.MatchString(line) {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		return strings.Join(lines, "\n")
	}
	return "the test failed and said nothing"
}

// verdict matches a line of package testing.
var verdict = regexp.MustCompile(`^--- (FAIL|PASS|SKIP): `)

// logged matches a line that a test has written with its place.
var logged = regexp.MustCompile(`(?m)^\s*([\w.-]+\.go:\d+): `)

// siteOfOutput returns where a test first said that something is wrong.
func siteOfOutput(output string) string {
	if found := logged.FindStringSubmatch(output); found != nil {
		return found[1]
	}
	return ""
}

// withoutLabels returns what an assertion says, as lines. Messages of testify have labels, and begin with places whose
// folders differ between machines. The place and the test's name are known already, so they are left out.
func withoutLabels(words string) string {
	var lines []string
	label := ""
	for line := range strings.Lines(words) {
		if strings.Contains(line, "\t") { // as a label has; a search that finds nothing is slow
			if found := labelled.FindStringSubmatch(line); found != nil {
				label, line = found[1], found[2]
			}
		}
		if line = strings.TrimSpace(line); line != "" && label != "Error Trace" && label != "Test" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// labelled matches a line of testify's that begins a part of its message.
var labelled = regexp.MustCompile(`^\s*(Error Trace|Error|Test|Messages): *\t(.*)`)
