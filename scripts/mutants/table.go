package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// results are the results of a measurement. The first row is the engine without a bug.
type results struct {
	Seeds     int           `json:"seeds"`
	Schedules int           `json:"schedules"`
	Budget    time.Duration `json:"budget_ns"`
	Mutants   []measured    `json:"mutants"`
	Duration  time.Duration `json:"duration_ns"`
}

// row returns the row of a bug, with the present header of its patch, which may have changed since the measurement.
func (r results) row(m mutant) (row measured, known bool) {
	for _, row := range r.Mutants {
		if row.Name == m.Name {
			row.mutant = m
			return row, true
		}
	}
	return row, false
}

// with returns a row for each bug, in the order of all: the fresh one, or else that of r. It leaves out a bug that has neither.
func (r results) with(all []mutant, fresh []measured) (rows []measured) {
	for _, m := range all {
		if row, known := (results{Mutants: fresh}).row(m); known {
			rows = append(rows, row)
		} else if row, known := r.row(m); known {
			rows = append(rows, row)
		}
	}
	return rows
}

// header and cells make the table.
func header() []string {
	return append([]string{"planted bug", "shown as", "smallest", "a random schedule shows it"}, strategyNames...)
}

func (m measured) cells() []string {
	row := []string{m.Name, m.verdict(), m.smallest(), m.chance()}
	for _, strategy := range strategyNames {
		row = append(row, m.cell(strategy))
	}
	return row
}

func (m measured) verdict() string {
	switch {
	case m.Problem != "" && !m.caught():
		return "not measured"
	case m.caught():
		return m.class()
	case m.Name == control:
		return "nothing, as it must be"
	case m.Equivalent != "":
		return "equivalent"
	}
	return "SURVIVED"
}

func (m measured) smallest() string {
	if m.Smallest == nil {
		return ""
	}
	text := fmt.Sprintf("%d op, %d pre", m.Smallest.Operations, m.Smallest.Preemptions)
	if m.Hint != "" {
		text += ", hinted"
	}
	return text
}

func (m measured) chance() string {
	e := m.Estimate
	if e == nil {
		return ""
	}
	text := fmt.Sprintf("%d/%d [%s, %s]", e.Failed, e.Schedules, probability(e.Low), probability(e.High))
	if m.hard() {
		text += " hard"
	}
	return text
}

func probability(p float64) string {
	if p == 0 || p == 1 {
		return fmt.Sprint(p)
	}
	return fmt.Sprintf("%.1e", p)
}

// cell is the median number of schedules to detection. If not all seeds found the bug, it also says how many did.
func (m measured) cell(strategy string) string {
	median, found, seeds := m.by(strategy)
	switch {
	case seeds == 0:
		return ""
	case found == 0:
		return "-"
	case found == seeds:
		return fmt.Sprint(median)
	case median == 0:
		return fmt.Sprintf("(%d/%d)", found, seeds)
	}
	return fmt.Sprintf("%d (%d/%d)", median, found, seeds)
}

// line is the progress message after a bug has been measured.
func (m measured) line() string {
	text := fmt.Sprintf("%s: %s, %s, %s in %.0f s", m.Name, m.verdict(), m.smallest(), m.chance(), m.Duration.Seconds())
	if m.Problem != "" {
		text += ": " + m.Problem
	}
	return text
}

// summary says how many bugs were caught, are equivalent and are hard.
func (r results) summary() string {
	var caught, hard, equivalent, all int
	for _, m := range r.Mutants {
		switch {
		case m.Name == control:
			continue
		case m.caught():
			caught++
		case m.Equivalent != "":
			equivalent++
		}
		all++
		if m.hard() {
			hard++
		}
	}
	text := fmt.Sprintf("%d of %d planted bugs were caught", caught, all)
	if equivalent > 0 {
		text += fmt.Sprintf(", %d are equivalent", equivalent)
	}
	return text + fmt.Sprintf("; %d are hard: a random schedule of their smallest program shows them with a probability below 0.001 (upper end of the 95 %% interval). "+
		"%d seeds, at most %d schedules and %v a search; %v in all.", hard, r.Seeds, r.Schedules, r.Budget, r.Duration.Round(time.Second))
}

// perStrategy says, for each strategy, how many bugs it caught with at least one seed, how many with most seeds, and the median of
// its medians.
func (r results) perStrategy() (rows [][]string) {
	for _, strategy := range strategyNames {
		var medians []uint64
		ever, all := 0, 0
		for _, m := range r.Mutants {
			if m.Name == control {
				continue
			}
			all++
			median, found, _ := m.by(strategy)
			if found > 0 {
				ever++
			}
			if median > 0 {
				medians = append(medians, median)
			}
		}
		row := []string{strategy, fmt.Sprintf("%d/%d", ever, all), fmt.Sprintf("%d/%d", len(medians), all), "-"}
		if slices.Sort(medians); len(medians) > 0 {
			row[3] = fmt.Sprint(medians[(len(medians)-1)/2])
		}
		rows = append(rows, row)
	}
	return rows
}

var strategyHeader = []string{"strategy", "caught by any seed", "by most seeds", "median schedules of those"}

func (r results) text() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	line := func(cells []string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }
	line(header())
	for _, m := range r.Mutants {
		line(m.cells())
	}
	_ = w.Flush() // into memory
	text.WriteString("\n")
	line(strategyHeader)
	for _, row := range r.perStrategy() {
		line(row)
	}
	_ = w.Flush()
	return text.String() + "\n" + r.summary() + "\n"
}

func (r results) markdown() string {
	var text strings.Builder
	line := func(cells []string) {
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", "\\|")
		}
		fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | "))
	}
	table := func(header []string) {
		line(header)
		text.WriteString(strings.Repeat("|---", len(header)) + "|\n")
	}
	text.WriteString(r.summary() + "\n\n")
	table(header())
	for _, m := range r.Mutants {
		line(m.cells())
	}
	text.WriteString("\n")
	table(slices.Clone(strategyHeader))
	for _, row := range r.perStrategy() {
		line(row)
	}
	text.WriteString("\nThe smallest cases:\n\n")
	for _, m := range r.Mutants {
		if m.Name == control {
			continue
		}
		fmt.Fprintf(&text, "- **%s**: %s. Resembles %s.", m.Name, m.Bug, m.Resembles)
		if m.Equivalent != "" {
			fmt.Fprintf(&text, " Equivalent: %s.", m.Equivalent)
		}
		if m.Smallest != nil {
			fmt.Fprintf(&text, " `%s`", m.Smallest.Case)
		}
		if m.Problem != "" {
			fmt.Fprintf(&text, " (%s)", m.Problem)
		}
		text.WriteString("\n")
	}
	return text.String()
}

// command is the command that makes the part of the page.
const command = "make mutants"

// verdict is an error if the measurement is not a pass.
func (r results) verdict() error {
	var bad []string
	for _, m := range r.Mutants {
		switch {
		case m.Name == control && (m.caught() || m.Problem != ""):
			return fmt.Errorf("the engine as it is: %s %s", m.verdict(), m.Problem)
		case m.Name == control || m.caught():
		case m.Problem != "" || m.Equivalent == "":
			bad = append(bad, m.Name)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%w: %s", errSurvivor, strings.Join(bad, ", "))
	}
	return nil
}
