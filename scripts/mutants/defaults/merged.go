package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/scripts/pages"
)

// The whole table takes half an hour, so it is also made in pieces: some bugs, or some detectors.

// none is the row without a bug.
const none = "(none)"

// merged returns the old table with the cells of a newer one, which may lack rows and columns. A cell that neither has is empty: that
// detector has not looked for that bug.
func merged(old, newer string) string {
	oldHeader, oldRows := pages.Table(old)
	header, rows := pages.Table(newer)
	cell := func(row, column string) string {
		if i := slices.Index(header, column); i >= 0 && i < len(rows[row]) {
			return rows[row][i]
		}
		if i := slices.Index(oldHeader, column); i >= 0 && i < len(oldRows[row]) {
			return oldRows[row][i]
		}
		return ""
	}
	shownBy := func(column, row string) string { // the first detector that finds it says what it shows
		if i := slices.Index(oldHeader, "shown as"); !slices.Contains(header, column) && i >= 0 && i < len(oldRows[row]) {
			return oldRows[row][i]
		}
		return cell(row, "shown as")
	}
	columns := detectorsOf(oldHeader, header)
	names := slices.Sorted(maps.Keys(oldRows))
	for name := range rows {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var page strings.Builder
	fmt.Fprintf(&page, "| planted bug | %s | found | shown as |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)+3))
	for _, name := range names {
		found, shown := "no", ""
		fmt.Fprintf(&page, "| %s |", name)
		for _, column := range columns {
			text := cell(name, column)
			fmt.Fprintf(&page, " %s |", text)
			if isTime(text) && found == "no" {
				found, shown = "yes", shownBy(column, name)
			}
		}
		fmt.Fprintf(&page, " %s | %s |\n", found, shown)
	}
	return page.String()
}

// detectorsOf lists the detectors of two tables, in the order in which this command knows them.
func detectorsOf(headers ...[]string) (columns []string) {
	for _, d := range everyDetector {
		if slices.ContainsFunc(headers, func(h []string) bool { return slices.Contains(h, d.name) }) {
			columns = append(columns, d.name)
		}
	}
	return columns
}

// isTime says whether a cell has the time of a finding.
func isTime(cell string) bool { return cell != "" && '0' <= cell[0] && cell[0] <= '9' }
