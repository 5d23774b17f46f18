package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/registry"
)

// subjects are those that the command brings.
var subjects = []cases.Subject{log.Subject, registry.Subject}

// subjectOf finds the subject of a case's head. It is a cases.Find.
func subjectOf(head string) (cases.Subject, error) {
	var known []string
	for _, s := range subjects {
		if s.Head() == head {
			return s, nil
		}
		known = append(known, s.Head())
	}
	if test, ok := strings.CutPrefix(head, "test="); ok {
		return nil, &ofTest{test: test}
	}
	name, value, _ := strings.Cut(head, "=")
	return nil, fmt.Errorf("unknown %s %.80q%s: this racewindow knows %s", name, value, spelling.Meant(head, known), strings.Join(known, ", "))
}

// An ofTest error says that a case belongs to a test, so only the test's package can execute it.
type ofTest struct {
	test string
	text string // of the case
}

func (e *ofTest) Error() string {
	return "the case belongs to the test " + e.test + ", and only its package can execute it: give the package, or run this in the package's folder"
}

// run is a run of the test's package, which is the current one if none is named. The caller adds the order.
func (e *ofTest) run(verb string, packages []string) *checkRun {
	if len(packages) == 0 {
		packages = []string{"."}
	}
	var parts []string
	for _, part := range strings.Split(e.test, "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(part)+"$")
	}
	return &checkRun{verb: verb, pattern: strings.Join(parts, "/"), packages: packages, one: true, out: io.Discard, screen: os.Stdout}
}
