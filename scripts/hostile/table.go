package main

import (
	"bufio"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A row is one hostile call: what is typed, how it must end, and what it must say.
type row struct {
	table   string // name of the file, without its folder
	line    int    // line of the row in that file, from 1
	shows   string // the fault that the call showed, or what it guards
	fixture string // the call runs in a copy of this folder of testdata; "" for an empty folder
	night   bool   // -short leaves it out: it takes long, and a quicker row shows nearly the same
	command string // typed at a shell
	code    int    // exit code of the shell
	pattern *regexp.Regexp
	absent  *regexp.Regexp // must not match, or nil
}

func (r row) String() string { return fmt.Sprintf("%s:%d", r.table, r.line) }

// separator stands between the columns of a row.
const separator = " :: "

// parse reads a table. A row is
//
//	CODE :: COMMAND :: PATTERN
//	CODE :: COMMAND :: PATTERN :: not PATTERN
//
// where PATTERN is a regular expression that is matched against standard output and standard error together. A COMMAND may begin
// with @night, and then with @FIXTURE. Lines that begin with # say what the rows below them showed. A row without such a line is an error, and so is a
// table without a row.
func parse(name, text string) (rows []row, err error) {
	shows, above := "", false
	scanner := bufio.NewScanner(strings.NewReader(text))
	for line := 1; scanner.Scan(); line++ {
		content := strings.TrimSpace(scanner.Text())
		switch {
		case content == "":
			shows = ""
			continue
		case strings.HasPrefix(content, "#"):
			if !above {
				shows = ""
			}
			above = true
			shows = strings.TrimSpace(shows + " " + strings.TrimLeft(content, "# "))
			continue
		}
		above = false
		r, err := parseRow(content)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		if shows == "" {
			return nil, fmt.Errorf("%s:%d: say in a line above, which begins with #, what this call showed", name, line)
		}
		r.table, r.line, r.shows = name, line, shows
		rows = append(rows, r)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no row", name)
	}
	return rows, nil
}

func parseRow(content string) (r row, err error) {
	columns := strings.Split(content, separator)
	if len(columns) < 3 || len(columns) > 4 {
		return r, fmt.Errorf("%d columns: a row is 'CODE :: COMMAND :: PATTERN', and may end with ':: not PATTERN'", len(columns))
	}
	if r.code, err = strconv.Atoi(strings.TrimSpace(columns[0])); err != nil {
		return r, fmt.Errorf("exit code %q: %w", columns[0], err)
	}
	r.command, r.night = strings.CutPrefix(strings.TrimSpace(columns[1]), "@night ")
	if rest, ok := strings.CutPrefix(r.command, "@"); ok {
		r.fixture, r.command, _ = strings.Cut(rest, " ")
	}
	if r.command == "" {
		return r, fmt.Errorf("no command")
	}
	if r.pattern, err = regexp.Compile("(?s)" + strings.TrimSpace(columns[2])); err != nil {
		return r, err
	}
	if len(columns) == 4 {
		absent, ok := strings.CutPrefix(strings.TrimSpace(columns[3]), "not ")
		if !ok {
			return r, fmt.Errorf("the fourth column must be 'not PATTERN', and is %q", columns[3])
		}
		if r.absent, err = regexp.Compile("(?s)" + absent); err != nil {
			return r, err
		}
	}
	return r, nil
}
