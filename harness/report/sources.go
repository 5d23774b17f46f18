package report

import (
	"os"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
)

// sourceLines is how many lines before and after a failpoint a report contains.
const sourceLines = 5

// maxSourceBytes bounds the size of the source files that are read.
const maxSourceBytes = 4 << 20

// addSources adds the lines around each place at which a thread stopped, from the files that were compiled, if they still
// exist. It joins stretches that touch.
func (r *Report) addSources(events []sched.Event) {
	at := map[string][]int{}
	paths := map[string]string{}
	var order []string
	for _, e := range events {
		name := packageFile(e)
		if e.Path == "" || e.Line == 0 || slices.Contains(at[name], e.Line) {
			continue
		}
		if at[name] == nil {
			order = append(order, name)
		}
		at[name], paths[name] = append(at[name], e.Line), e.Path
	}
	slices.Sort(order)
	for _, name := range order {
		content, err := os.ReadFile(paths[name])
		if err != nil || len(content) > maxSourceBytes {
			continue
		}
		slices.Sort(at[name])
		r.Sources = append(r.Sources, stretches(name, strings.Split(string(content), "\n"), at[name])...)
	}
}

// stretches returns the lines of a file around the given line numbers, which must be sorted and count from 1.
func stretches(name string, lines []string, around []int) (all []Source) {
	for _, n := range around {
		from, to := max(1, n-sourceLines), min(len(lines), n+sourceLines)
		if n > len(lines) {
			continue // the file has changed since it was compiled
		}
		if last := len(all) - 1; last >= 0 && from <= all[last].From+len(all[last].Lines) {
			from = all[last].From + len(all[last].Lines)
		} else {
			all = append(all, Source{File: name, From: from})
		}
		s := &all[len(all)-1]
		for i := from; i <= to; i++ {
			s.Lines = append(s.Lines, cleanSource(lines[i-1]))
		}
	}
	return all
}
