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

// subjects are what the command brings.
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

// An ofTest error says that a case is of a test, which lies in a package of somebody's.
type ofTest struct {
	test string
	text string // of the case
}

func (e *ofTest) Error() string {
	return "the case is of the test " + e.test + ", and only its package can execute it: give the package, or call it in the package's folder"
}

// run is what has the test's package carry out an order. It is the current one where none is named.
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
