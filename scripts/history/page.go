package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/scripts/pages"
)

// The commands that the marks of the page name: of the measured table, and of the one that says what the bugs are, which is made of
// bugs.go alone.
const (
	command     = "make history"
	listCommand = "make history, bugs"
)

const (
	header     = "| bug | command | before the mend | schedules | seconds | after the mend | schedules |\n|---|---|---|---|---|---|---|\n"
	listHeader = "| bug | module | last with the bug | mended by | what went wrong |\n|---|---|---|---|---|\n"
)

// compared are the columns that do not depend on the machine's speed. How many schedules a search takes follows from the seed, but
// changes with each better strategy.
var compared = []string{"command", "before the mend", "after the mend"}

// row is the bug's row in the measured table.
func (b bug) row(before, after result) string {
	was, is := before.verdict(), after.verdict()
	if b.missed != "" {
		was = fmt.Sprintf("**missed** (%s): %s", was, b.missed)
	}
	if b.other != "" && is != "" {
		is = b.holds + ": " + b.other
	}
	return fmt.Sprintf("| %s | `%s` | %s | %s | %.1f | %s | %s |", b.link(), strings.Join(b.arguments(), " "), was, count(before.schedules), before.took.Seconds(), is, count(after.schedules))
}

// link is the first cell of a row: the bug's name, which leads to its test.
func (b bug) link() string { return fmt.Sprintf("[%s](testdata/%s.go)", b.name, b.name) }

// listed is the bug's row in the table that says what the bugs are.
func (b bug) listed() string {
	return fmt.Sprintf("| %s | %s | %s | [%s](https://github.com/%s/commit/%s), in %s | %s |", b.name, b.module, b.before, b.commit[:7], b.repository, b.commit, b.after, b.what)
}

// list makes the table of what the bugs are, and a line that counts them.
func list() string {
	modules := map[string]bool{}
	missed, held, found := 0, 0, 0
	var made strings.Builder
	made.WriteString(listHeader)
	for _, b := range bugs {
		modules[b.repository] = true
		if b.missed != "" {
			missed++
		}
		switch b.holds {
		case "":
			held++
		case noVerdict:
		default:
			found++
		}
		made.WriteString(b.listed() + "\n")
	}
	fmt.Fprintf(&made, "\n%d bugs of %d modules: %d are found, %d missed. Mended versions: %d hold, %d with another finding, %d without a verdict.\n",
		len(bugs), len(modules), len(bugs)-missed, missed, held, found, len(bugs)-held-found)
	return made.String()
}

// finish writes rows into the page, or compares them with it.
func (s *settings) finish(rows []string) (err error) {
	if len(rows) == 0 {
		return nil
	}
	if s.check != "" {
		err = pages.Agree(s.check, command, header+strings.Join(rows, "\n")+"\n", compared...)
	}
	if s.readme != "" {
		err = errors.Join(err, write(s.readme, rows), pages.Write(s.readme, listCommand, list()))
	}
	return err
}

// write puts rows into the measured table of a page. Rows of bugs that were not run stay.
func write(page string, rows []string) error {
	old, err := pages.Made(page, command)
	if err != nil {
		return err
	}
	lines := append(rows, strings.Split(old, "\n")...) // the first row of a bug counts
	var all []string
	for _, b := range bugs {
		if i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "| "+b.link()+" |") }); i >= 0 {
			all = append(all, lines[i])
		}
	}
	return pages.Write(page, command, header+strings.Join(all, "\n")+"\n")
}

// count writes a number with commas, and nothing for 0.
func count(n uint64) string {
	if n == 0 {
		return ""
	}
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
