package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/scripts/pages"
)

// command is the command that makes the tables of the page.
const command = "make false-alarms"

// The heads of the tables. Rows of packages that were not explored stay as they are.
const (
	head  = "| package | tests | with something to choose | schedules | races | findings | not judged |\n|---|---|---|---|---|---|---|\n"
	heads = "\n| package | test | found | why it is correct |\n|---|---|---|---|\n"
)

// write writes the rows into a page.
func (all pieces) write(page string) error {
	old, err := pages.Made(page, command)
	if err != nil {
		return err
	}
	return pages.Write(page, command, all.rows(old))
}

// rows makes both tables: fresh rows for the packages that were explored, and the old text's rows for the others.
func (all pieces) rows(old string) string {
	of := func(line string) (path string) {
		cells := strings.Split(line, "|")
		if len(cells) < 2 {
			return ""
		}
		return strings.TrimSpace(cells[1])
	}
	var first, second []string
	for line := range strings.Lines(old) {
		path := of(line)
		switch {
		case !slices.Contains(packages, path) || slices.ContainsFunc(all, func(one *piece) bool { return one.path == path }):
		case strings.Count(line, "|") == strings.Count(head, "|")/2:
			first = append(first, line)
		default:
			second = append(second, line)
		}
	}
	for _, one := range all {
		first = append(first, one.row())
		for _, f := range one.found {
			second = append(second, fmt.Sprintf("| %s | %s | %s | %s |\n", one.path, f.test, f.class, f.reason))
		}
	}
	byPackage := func(a, b string) int { return slices.Index(packages, of(a)) - slices.Index(packages, of(b)) }
	slices.SortStableFunc(first, byPackage)
	slices.SortStableFunc(second, byPackage)
	return head + strings.Join(first, "") + heads + strings.Join(second, "")
}

func (one *piece) row() string {
	races := fmt.Sprint(one.races)
	if one.controlled {
		races += " and the planted one"
	}
	not := strings.Join(one.notJudged, ", ")
	return fmt.Sprintf("| %s | %d | %d | %d | %s | %d | %s |\n", one.path, one.tests, one.chose, one.schedules, races, len(one.found), not)
}
