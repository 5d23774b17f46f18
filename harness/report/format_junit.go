package report

import (
	"encoding/xml"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Suite    junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string    `xml:"name,attr"`
	Tests    int       `xml:"tests,attr"`
	Failures int       `xml:"failures,attr"`
	Case     junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Output  string        `xml:"system-out"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes one test case. Its name is the case; its failure is the report as text.
func writeJUnit(w io.Writer, r *Report) error {
	var text strings.Builder
	if err := r.WriteText(&text, maxColumns, Palette{}); err != nil {
		return err
	}
	c := junitCase{Class: "racewindow", Name: r.Case, Output: "replay: " + r.Replay}
	if r.Promise != "" {
		c.Class += "." + r.Promise
	}
	s := junitSuites{Name: "racewindow", Tests: 1}
	if r.failed() {
		s.Failures = 1
		c.Failure = &junitFailure{Message: r.Detail, Type: r.Class, Text: "\n" + text.String()}
	}
	s.Suite = junitSuite{Name: "racewindow", Tests: 1, Failures: s.Failures, Case: c}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
