package soak

import (
	"errors"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/report"
)

// Subjects is what a campaign knows of what it tests. The zero Subjects knows nothing: then a case is a text, and a class stands for
// the promise that broke.
type Subjects struct {
	// Find reads the head of a case that can be executed in this process.
	Find cases.Find
	// Promise is the promise that a class is about, and its sentence; "" for none. What breaks promises of one family breaks now the
	// one and now the other, so that they are one bug; "" where a class stands for itself.
	Promise func(class string) (name, sentence, family string)
	// Points are the failpoints that there are.
	Points []string
}

var errUnknown = errors.New("nobody here knows what the case is about")

func (s Subjects) parse(text string) (cases.Case, error) {
	if s.Find == nil || text == "" {
		return cases.Case{}, errUnknown
	}
	return cases.Parse(text, s.Find)
}

// promise is Promise, which may be nil.
func (s Subjects) promise(class string) (name, sentence, family string) {
	if s.Promise == nil {
		return "", "", ""
	}
	return s.Promise(class)
}

// report makes one of a finding that has none: of its case, if the scheduler shows the same, else of what was told of it.
func (s Subjects) report(n *Finding, text string) *report.Report {
	if c, err := s.parse(n.Case); err == nil && len(c.Delays) == 0 {
		if r, err := report.OfCase(c); err == nil && r.Class == n.Class {
			return r
		}
	}
	again := "racewindow soak --round " + Quoted(n.Round)
	if n.Case != "" {
		again = "racewindow replay " + Quoted(n.Case)
	}
	promise, sentence, _ := s.promise(n.Class)
	return report.Told(n.Class, promise, sentence, n.Detail, again, text)
}

// replayOf is the command that executes the case of a report again, "" if there is none.
func replayOf(r *report.Report) string {
	if r != nil && r.Case != "" && strings.HasPrefix(r.Replay, "racewindow replay ") {
		return r.Replay
	}
	return ""
}
