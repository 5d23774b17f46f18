package soak

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
)

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Failure *junitText `xml:"failure,omitempty"`
	Skipped *junitText `xml:"skipped,omitempty"`
	Output  string     `xml:"system-out,omitempty"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

const junitClass = "racewindow.soak."

// pass adds a test that passed, fail one that failed, skip one that could not be tried.
func (s *junitSuite) pass(class, name, output string) {
	s.Cases = append(s.Cases, junitCase{Class: junitClass + class, Name: printable(name), Output: printable(output)})
}

func (s *junitSuite) fail(class, name, message, detail string) {
	s.Failures++
	s.Cases = append(s.Cases, junitCase{Class: junitClass + class, Name: printable(name), Failure: &junitText{printable(message), printable(detail)}})
}

func (s *junitSuite) skip(class, name, because string) {
	s.Skipped++
	s.Cases = append(s.Cases, junitCase{Class: junitClass + class, Name: printable(name), Skipped: &junitText{Message: printable(because)}})
}

// junit is the summary as JUnit XML: a test for each check, minimum, kind, trend and finding, and for each other reason for not
// passing. The campaign passed if no test failed.
func (m *Summary) junit() ([]byte, error) {
	suite := &junitSuite{Name: "racewindow soak"}
	told := m.junitMinimums(suite)
	for _, missed := range m.Missed {
		if !told[missed] {
			suite.fail("missed", missed, missed, "")
		}
	}
	if m.Verdict == VerdictUnfinished {
		suite.fail("missed", "the campaign is unfinished", "it goes on, or its process was killed", "")
	}
	for _, name := range slices.Sorted(maps.Keys(m.State.Kinds)) {
		suite.pass("kind", name, m.State.Kinds[name].Counts.text())
	}
	for _, t := range m.Trends {
		if !t.TooFew { // also if it grows: that is a finding, which fails below
			suite.pass("leak", t.What, t.String())
		}
	}
	if few := m.tooFew(); few != "" {
		suite.skip("leak", "too few samples", few)
	}
	for _, f := range m.State.Open() {
		suite.fail("finding", f.Fingerprint+" "+f.Class, f.Detail, f.Case+"\n"+f.Round)
	}
	for _, n := range m.State.NotRun {
		suite.skip("kind", n.What, n.Because)
	}
	suite.Tests = len(suite.Cases)
	text, err := xml.MarshalIndent(suite, "", " ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

// junitMinimums adds the checks and minimums. It returns those of the texts in Missed that this covers.
func (m *Summary) junitMinimums(suite *junitSuite) (told map[string]bool) {
	told = map[string]bool{}
	for _, c := range m.State.Checks {
		missed := OneLine(c.missed())
		switch told[missed] = true; {
		case c.Skipped:
			suite.skip(c.What, c.Name, c.Detail)
		case missed != "":
			suite.fail(c.What, c.Name, c.Detail, c.Detail)
		default:
			suite.pass(c.What, c.Name, c.Detail)
		}
	}
	for _, n := range m.Minimums {
		missed := OneLine(n.missed())
		if told[missed] = true; missed != "" {
			suite.fail("minimum", n.Name, missed, "")
		} else {
			suite.pass("minimum", n.Name, fmt.Sprint(n.Got))
		}
	}
	return told
}

// printable replaces characters that XML cannot hold.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
