package results

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Skipped *junitMessage `xml:"skipped"`
	Failure *junitMessage `xml:"failure"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a suite for each package and a case for each test.
func WriteJUnit(w io.Writer, all []Result) error {
	top := junitSuites{Name: "racewindow"}
	at := map[string]int{}
	seconds := map[string]float64{}
	total := 0.0
	for i := range all {
		r := &all[i]
		n, known := at[r.Package]
		if !known {
			n = len(top.Suites)
			at[r.Package] = n
			top.Suites = append(top.Suites, junitSuite{Name: r.Package})
		}
		s := &top.Suites[n]
		c := r.junit()
		s.Cases = append(s.Cases, c)
		s.Tests++
		top.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
			top.Failures++
		case c.Skipped != nil:
			s.Skipped++
			top.Skipped++
		}
		seconds[r.Package] += r.Elapsed.Seconds()
		total += r.Elapsed.Seconds()
	}
	for i := range top.Suites {
		top.Suites[i].Time = inSeconds(seconds[top.Suites[i].Name])
	}
	top.Time = inSeconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(top); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func inSeconds(s float64) string { return fmt.Sprintf("%.3f", s) }

func (r *Result) junit() junitCase {
	c := junitCase{Class: r.Package, Name: r.Test, Time: inSeconds(r.Elapsed.Seconds())}
	text := inXML(r.Text)
	switch r.Outcome {
	case Fail:
		c.Failure = &junitMessage{Message: r.Verdict, Type: r.Verdict, Text: "\n" + text}
		if len(r.Findings) > 0 {
			f := &r.Findings[0]
			c.Failure.Message, c.Failure.Type = inXML(f.Report.Detail), inXML(f.Report.Class)
			c.File, c.Line = f.File, f.Line
		}
	case Skip:
		c.Skipped = &junitMessage{Message: r.Verdict, Text: text}
	default:
		c.Output = text
	}
	return c
}

// inXML removes the characters that XML cannot hold.
func inXML(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r >= ' ' && r != utf8.RuneError && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return -1
	}, text)
}
