package main

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
)

// A row is what came of one module.
type row struct {
	subject subject
	label   string // of what was planted, or of the promise
	tests   int
	came    map[string]int // by verdict
	met     int            // tests in which two goroutines could go on at once
	left    int            // tests that were not come to
	refused []string       // packages that could not be built or run
	stats   struct{ schedules, steps, distinct uint64 }
	seconds float64
	found   []drive.Event
	events  []drive.Event
}

// add takes in a package.
func (r *row) add(p *result) {
	if r.came == nil {
		r.came = map[string]int{}
	}
	r.tests += len(p.Tests)
	r.seconds += p.Seconds
	r.events = append(r.events, p.Events...)
	ended := 0
	for _, e := range p.Events {
		switch {
		case e.Finding != nil:
			r.found = append(r.found, e)
		case e.Plain != nil:
			ended++
			v := e.Plain
			r.came[v.Verdict]++
			if (v.Verdict == drive.HeldAll || v.Verdict == drive.FoundSome) && v.Goroutines > 1 {
				r.met++
			}
			r.stats.schedules += v.Statistics.Schedules
			r.stats.steps += v.Statistics.Steps
			r.stats.distinct += v.Statistics.Distinct
		}
	}
	if ended < len(p.Tests) {
		r.left += len(p.Tests) - ended
		if p.Said != "" {
			r.refused = append(r.refused, p.Package+": "+p.Said)
		}
	}
}

// each makes a row of each test of a package.
func (r *row) each(p plain.Package) (rows []row) {
	for i, test := range p.Tests {
		one := row{subject: r.subject, label: path.Base(p.ImportPath) + "." + test}
		only := &result{Package: p.ImportPath, Tests: []string{test}}
		for _, e := range r.events {
			if e.Test == test {
				only.Events = append(only.Events, e)
			}
		}
		one.add(only)
		if i == 0 {
			one.refused = r.refused
		}
		rows = append(rows, one)
	}
	return rows
}

// print writes the tables.
func (s *settings) print(out io.Writer, rows []row) {
	if s.kind != existing {
		s.printFound(out, rows)
		return
	}
	fmt.Fprintln(out, "| module | tests | held | found | sequential | skipped | cannot be repeated | not judged | not come to | two enabled | schedules | decisions | distinct orders | s |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	all := row{came: map[string]int{}}
	for _, r := range rows {
		r.print(out, fmt.Sprintf("%s %s", r.subject.module, r.subject.version))
		all.tests, all.met, all.left, all.seconds = all.tests+r.tests, all.met+r.met, all.left+r.left, all.seconds+r.seconds
		for v, n := range r.came {
			all.came[v] += n
		}
		all.stats.schedules, all.stats.steps, all.stats.distinct = all.stats.schedules+r.stats.schedules, all.stats.steps+r.stats.steps, all.stats.distinct+r.stats.distinct
	}
	all.print(out, fmt.Sprintf("%d modules", len(rows)))
	for _, r := range rows {
		for _, e := range r.found {
			fmt.Fprintf(out, "\nfound: %s %s: %s\n  %s\n", e.Package, e.Case, e.Finding.Failure.Class(), indented(e.Finding.Failure.Message))
		}
		for _, why := range r.refused {
			fmt.Fprintf(out, "\nnot come to: %s\n", indented(why))
		}
	}
}

func (r *row) print(out io.Writer, name string) {
	fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %.0f |\n", name, r.tests, r.came[drive.HeldAll], r.came[drive.FoundSome],
		r.came[drive.Sequential], r.came[drive.SkippedItself], r.came[drive.Unrepeatable], r.came[drive.Unjudged], r.left, r.met,
		r.stats.schedules, r.stats.steps, r.stats.distinct, r.seconds)
}

// printFound writes a line for each planted bug, or small test.
func (s *settings) printFound(out io.Writer, rows []row) {
	fmt.Fprint(out, "| module | what | verdict | schedules | token |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		verdict, token := "", ""
		for v, n := range r.came {
			if n > 0 {
				verdict = v
			}
		}
		for _, e := range r.found {
			verdict = "found: " + e.Finding.Failure.Class()
			token = "`" + e.Case + "`"
		}
		if verdict == "" {
			verdict = "not come to"
		}
		fmt.Fprintf(out, "| %s %s | %s | %s | %d | %s |\n", r.subject.module, r.subject.version, r.label, strings.ReplaceAll(verdict, "|", "\\|"), r.stats.schedules, token)
		for _, why := range r.refused {
			fmt.Fprintf(out, "\nnot come to: %s\n", indented(why))
		}
	}
}

func indented(text string) string {
	lines := strings.Split(text, "\n")
	if len(lines) > 8 {
		lines = append(lines[:8], "...")
	}
	return strings.Join(lines, "\n  ")
}
