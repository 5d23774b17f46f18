package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/scripts/pages"
)

// command is what the marks of the page name.
const command = "make adapters"

const header = "| engine, way | operations | schedules | disks | a second | came |\n|---|---|---|---|---|---|\n"

// row is the cell's row. Columns of what it does not have are empty.
func (c cell) row(got result) string {
	operations, schedules, disks, rate := "", "", "", ""
	switch {
	case c.refused != "":
	case c.way == "stress":
		operations = fmt.Sprintf("%s in %s instances", count(got.counts["operations"]), count(got.counts["instances"]))
	case c.way == power:
		operations = fmt.Sprintf("%s in %s instances", count(got.counts["operations"]), count(got.counts["instances"]))
		disks = fmt.Sprintf("%s after %s losses", count(got.counts["distinct disks"]), count(got.counts["crashes"]))
	case c.way == "kill":
		operations = fmt.Sprintf("%s, %s durable", count(got.counts["operations"]), count(got.counts["acknowledged as durable"]))
		disks = got.folders()
	default:
		s := got.summary.Statistics
		schedules, rate = count(s.Schedules), perSecond(s.Schedules, s.Duration.Seconds())+" schedules"
		if crashes := got.summary.Crashes; crashes.Recoveries > 0 {
			disks, rate = count(crashes.Distinct), perSecond(crashes.Recoveries, s.Duration.Seconds())+" recoveries"
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", c.name(), operations, schedules, disks, rate, c.came())
}

// folders counts what killed processes left.
func (r result) folders() string {
	return fmt.Sprintf("%s folders after %s kills", count(r.counts["recoveries"]), count(r.counts["kills"]))
}

// came is what the table says came of it.
func (c cell) came() string {
	switch {
	case c.refused != "":
		return "refused: " + c.because
	case c.broken == "":
		return "held"
	case c.seldom:
		return fmt.Sprintf("held, or seldom: [%s](%s)", c.because, c.page)
	}
	return fmt.Sprintf("[%s](%s)", c.because, c.page)
}

// perSecond has two digits below 10, because the rates of slow engines are small.
func perSecond(n uint64, seconds float64) string {
	rate := float64(n) / max(seconds, 0.001)
	if rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	return count(uint64(rate + 0.5))
}

// count writes a number with commas.
func count(n uint64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// write puts rows into the table of a page. Rows that were not made stay.
func write(page string, t table, rows []string) error {
	old, err := pages.Made(page, t.command)
	if err != nil {
		return err
	}
	stands := map[string]string{}
	for _, line := range append(strings.Split(old, "\n"), rows...) {
		stands[first(line)] = line
	}
	var all []string
	for _, name := range t.names {
		if row, is := stands[name]; is && !slices.Contains(all, row) {
			all = append(all, row)
		}
	}
	return pages.Write(page, t.command, t.header+strings.Join(all, "\n")+"\n")
}

// first is the first cell of a row.
func first(line string) string {
	_, line, _ = strings.Cut(line, "|")
	line, _, _ = strings.Cut(line, "|")
	return strings.TrimSpace(line)
}
