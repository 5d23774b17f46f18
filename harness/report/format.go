package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/racewindow/racewindow/harness/spelling"
)

// A Format is a format for reports. To add one, write a file and add a line to Formats.
type Format struct {
	// Name is its name on the command line, Extension the extension of its files, About what it is for.
	Name, Extension, About string
	// Write renders a report.
	Write func(w io.Writer, r *Report) error
}

// Formats lists all formats.
var Formats = []Format{
	{"text", ".txt", "for a terminal: at most 100 columns and 40 lines", func(w io.Writer, r *Report) error { return r.WriteText(w, maxColumns, Palette{}) }},
	{"html", ".html", "one page that needs no network: steps, states, sources, the nearest run that passes", writeHTML},
	{"json", ".json", "schema " + Schema + ", from which all others can be made", writeJSON},
	{"junit", ".xml", "JUnit XML, for a CI's list of failed tests", writeJUnit},
	{"markdown", ".md", "for a GitHub step summary or an issue", writeMarkdown},
	{"svg", ".svg", "the timeline as a picture", writeSVG},
	{"porcupine", ".porcupine.html", "porcupine's own page of the history; executes the case again", writePorcupine},
	{"gotest", "_test.go", "a Go test that fails as long as the bug is there", writeGoTest},
}

// FormatByName returns the format with that name.
func FormatByName(name string) (Format, error) {
	var known []string
	for _, f := range Formats {
		if f.Name == name {
			return f, nil
		}
		known = append(known, f.Name)
	}
	return Format{}, fmt.Errorf("no format is called %q%s: choose one of %s", name, spelling.Meant(name, known), strings.Join(known, ", "))
}
