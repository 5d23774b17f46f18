package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
)

// onlyTiming is the verdict on a test whose findings all need a timer that fires although other goroutines could have gone on.
const onlyTiming = "timing"

// worst lists the verdicts from worst to best. A test function with several sub-tests gets the worst of their verdicts.
var worst = []string{drive.FoundSome, onlyTiming, drive.Unrepeatable, drive.Unjudged, drive.HeldAll, drive.Sequential, drive.SkippedItself}

// A row is the result of one module.
type row struct {
	subject subject
	label   string // names the planted bug, or the promise
	tests   int
	came    map[string]int // number of test functions, by verdict
	met     int            // test functions in which two goroutines could go on at once
	left    int            // test functions that were not reached
	refused []string       // packages that could not be built or run
	stats   struct{ schedules, steps, distinct uint64 }
	seconds float64
	found   []drive.Event
	events  []drive.Event
}

// add counts the results of a package. Each sub-test is explored alone, but a test function counts once with all its sub-tests.
func (r *row) add(p *result) {
	if r.came == nil {
		r.came = map[string]int{}
	}
	r.tests += len(p.Tests)
	r.seconds += p.Seconds
	r.events = append(r.events, p.Events...)
	timeless, came, met := map[string]bool{}, map[string]string{}, map[string]bool{}
	for _, e := range p.Events {
		if e.Finding != nil {
			r.found = append(r.found, e)
			timeless[e.Test] = timeless[e.Test] || !e.Finding.Failure.Timing
		}
	}
	for _, e := range p.Events {
		if e.Plain == nil {
			continue
		}
		function, _, _ := strings.Cut(e.Test, "/")
		verdict := e.Plain.Verdict
		if verdict == drive.FoundSome && !timeless[e.Test] {
			verdict = onlyTiming
		}
		if was, is := came[function]; !is || slices.Index(worst, verdict) < slices.Index(worst, was) {
			came[function] = verdict
		}
		met[function] = met[function] || bothEnabled(e.Plain)
		r.stats.schedules += e.Plain.Statistics.Schedules
		r.stats.steps += e.Plain.Statistics.Steps
		r.stats.distinct += e.Plain.Statistics.Distinct
	}
	for function, verdict := range came {
		r.came[verdict]++
		if met[function] {
			r.met++
		}
	}
	if len(came) < len(p.Tests) {
		r.left += len(p.Tests) - len(came)
		if p.Said != "" {
			r.refused = append(r.refused, p.Package+": "+p.Said)
		}
	}
}

// bothEnabled says whether two goroutines of the user could go on at once in a test. A test that held had such a choice, or its verdict
// would be sequential. A test that failed may have failed before its first choice.
func bothEnabled(v *drive.PlainSummary) bool {
	return v.Goroutines > 1 && (v.Verdict == drive.HeldAll || v.Verdict == drive.FoundSome && v.Statistics.Distinct > 1)
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

// print writes the table of all modules, then the findings and what was refused.
func (s *settings) print(out io.Writer, rows []row) {
	if s.kind != existing {
		s.printFound(out, rows)
		return
	}
	fmt.Fprintln(out, "| module | tests | held | found | timing | sequential | skipped | cannot be repeated | not judged | not reached | two enabled | schedules | decisions | distinct orders | s |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
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
			fmt.Fprintf(out, "\nnot reached: %s\n", indented(why))
		}
	}
}

func (r *row) print(out io.Writer, name string) {
	fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %.0f |\n", name, r.tests, r.came[drive.HeldAll], r.came[drive.FoundSome], r.came[onlyTiming],
		r.came[drive.Sequential], r.came[drive.SkippedItself], r.came[drive.Unrepeatable], r.came[drive.Unjudged], r.left, r.met,
		r.stats.schedules, r.stats.steps, r.stats.distinct, r.seconds)
}

// printFound writes a line for each planted bug or small test.
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
			verdict = "not reached"
		}
		fmt.Fprintf(out, "| %s %s | %s | %s | %d | %s |\n", r.subject.module, r.subject.version, r.label, strings.ReplaceAll(verdict, "|", "\\|"), r.stats.schedules, token)
		for _, why := range r.refused {
			fmt.Fprintf(out, "\nnot reached: %s\n", indented(why))
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
