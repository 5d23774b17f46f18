package pages

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A table is the first table of a text: its header, and its rows by their first cells.
type table struct {
	header []string
	rows   map[string][]string
}

// tableOf reads the first table of a text. A text without one gives a table without a header.
func tableOf(text string) table {
	t := table{rows: map[string][]string{}}
	for line := range strings.Lines(text) {
		row := cells(line)
		switch {
		case row == nil && t.header != nil:
			return t
		case row == nil || strings.Trim(row[0], "-") == "" && row[0] != "":
		case t.header == nil:
			t.header = row
		default:
			t.rows[row[0]] = row
		}
	}
	return t
}

// cells splits a line of a table at the bars that are not escaped. Another line gives nil.
func cells(line string) []string {
	const escaped = "\x00"
	line = strings.TrimSpace(strings.ReplaceAll(line, `\|`, escaped))
	inner, begins := strings.CutPrefix(line, "|")
	inner, ends := strings.CutSuffix(inner, "|")
	if !begins || !ends {
		return nil
	}
	row := strings.Split(inner, "|")
	for i, cell := range row {
		row[i] = strings.TrimSpace(strings.ReplaceAll(cell, escaped, `\|`))
	}
	return row
}

// at returns the cell of a row in a column, "" if there is none.
func (t table) at(row, column string) string {
	if i := slices.Index(t.header, column); i >= 0 && i < len(t.rows[row]) {
		return t.rows[row][i]
	}
	return ""
}

// Table returns the first table of a text: its header, and its rows by their first cell.
func Table(text string) (header []string, rows map[string][]string) {
	t := tableOf(text)
	return t.header, t.rows
}

// Rows returns the first cells of the rows of the first table that a command has put into a page, in alphabetical order.
func Rows(path, command string) ([]string, error) {
	made, err := Made(path, command)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(tableOf(made).rows)), nil
}

// Agree returns an error if a row of made differs, in one of the named columns, from the page's row of the same name. Do not name
// columns that depend on time or on the machine. The page may have more rows.
func Agree(path, command, made string, columns ...string) error {
	old, err := Made(path, command)
	if err != nil {
		return err
	}
	stands, now := tableOf(old), tableOf(made)
	if len(now.rows) == 0 || len(columns) == 0 {
		return fmt.Errorf("nothing was held against %s: %d rows, %d columns", path, len(now.rows), len(columns))
	}
	for _, column := range columns {
		if !slices.Contains(now.header, column) || !slices.Contains(stands.header, column) {
			return fmt.Errorf("%w: %s has the columns %q, and '%s' makes %q", ErrStale, path, stands.header, command, now.header)
		}
	}
	for _, row := range slices.Sorted(maps.Keys(now.rows)) {
		if _, there := stands.rows[row]; !there {
			return fmt.Errorf("%w: %s has no row %q, which '%s' makes now; write it there with -readme %s", ErrStale, path, row, command, path)
		}
		for _, column := range columns {
			if was, is := stands.at(row, column), now.at(row, column); was != is {
				return fmt.Errorf("%w: %s: row %q, column %q is %q, and '%s' makes %q now; write it there with -readme %s",
					ErrStale, path, row, column, was, command, is, path)
			}
		}
	}
	return nil
}
