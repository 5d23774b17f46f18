package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/racewindow/racewindow/scripts/pages"
)

// A rows is one or several tables as Markdown, with the number of their rows.
type rows struct {
	text strings.Builder
	rows int
}

// table begins a table with a line of headings.
func table(headings string) *rows {
	t := &rows{}
	t.begin(headings)
	return t
}

// begin adds a table.
func (r *rows) begin(headings string) {
	if r.text.Len() > 0 {
		r.text.WriteString("\n")
	}
	r.text.WriteString(headings + "\n|" + strings.Repeat("---|", strings.Count(headings, "|")-1) + "\n")
}

func (r *rows) add(row string) {
	r.text.WriteString(row + "\n")
	r.rows++
}

// A page is where tables go: they are printed, written into a page, or compared with it.
type page struct {
	readme, check string
	part          bool // -run selects some rows
}

// put prints a table that follows from the seed, and writes or checks it if that was asked for. It leaves out a table
// without rows.
func (p page) put(name string, t *rows) (err error) {
	if t.rows == 0 {
		return nil
	}
	fmt.Print("\n" + t.text.String())
	command := "make examples, " + name
	if p.readme != "" {
		err = pages.Write(p.readme, command, t.text.String())
	}
	if p.check != "" {
		err = errors.Join(err, pages.Check(p.check, command, t.text.String(), p.part))
	}
	return err
}
