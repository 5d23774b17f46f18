package soak

import (
	"errors"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/report"
)

// Subjects is what a campaign knows of what it tests. The zero Subjects knows nothing: a case is then only text, and the class of a
// failure is used as its promise.
type Subjects struct {
	// Find finds the subject of a case that can be executed in this process.
	Find cases.Find
	// Promise gives the promise that a class breaks, and its sentence; "" for none. family names a group of promises: the
	// same bug breaks one or another of them by chance, so findings of one family may be one bug. "" for none.
	Promise func(class string) (name, sentence, family string)
	// Points are all failpoints of what is tested.
	Points []string
}

var errUnknown = errors.New("this campaign does not know the subject of the case")

func (s Subjects) parse(text string) (cases.Case, error) {
	if s.Find == nil || text == "" {
		return cases.Case{}, errUnknown
	}
	return cases.Parse(text, s.Find)
}

// promise calls Promise, which may be nil.
func (s Subjects) promise(class string) (name, sentence, family string) {
	if s.Promise == nil {
		return "", "", ""
	}
	return s.Promise(class)
}

// report makes the report of a finding that has none. If the scheduler shows the same failure for its case, the report is of
// that; otherwise it has what is known and the text.
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
	return report.WithoutExecution(n.Class, promise, sentence, n.Detail, again, text)
}

// replayOf is the command that executes the case of a report again, "" if there is none.
func replayOf(r *report.Report) string {
	if r != nil && r.Case != "" && strings.HasPrefix(r.Replay, "racewindow replay ") {
		return r.Replay
	}
	return ""
}
