package main

import (
	"fmt"
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
	return "the case is of the test " + e.test + ", and only its package can execute it: in the package's folder, racewindow replay CASE, or racewindow explore --out DIR for pages"
}
