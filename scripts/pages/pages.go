// Package pages puts the output of a command into a page, between two marks that name the command, and compares what is
// there with what the command measures now.
package pages

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/racewindow/racewindow/harness/output"
)

// ErrStale is wrapped by the error for a page that holds something else than what was measured.
var ErrStale = errors.New("the page is stale")

// Marks returns the lines of a page between which a command puts its output.
func Marks(command string) (begin, end string) {
	return "<!-- begin: " + command + " -->", "<!-- end: " + command + " -->"
}

// cut returns the three parts of a page: up to and including the first mark, the command's output, and the rest from the
// second mark on.
func cut(path, command string) (before, made, after string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", "", err
	}
	begin, end := Marks(command)
	before, rest, begins := strings.Cut(string(text), begin)
	made, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", "", "", fmt.Errorf("%s has no lines %q and %q to put the table between", path, begin, end)
	}
	return before + begin, made, end + after, nil
}

// Made returns the output that a command has put into a page.
func Made(path, command string) (string, error) {
	_, made, _, err := cut(path, command)
	return made, err
}

// Ready returns an error if one of the pages has no place for what a command makes. Call it before the command measures for
// minutes. An empty path names no page.
func Ready(command string, paths ...string) error {
	for _, path := range paths {
		if path == "" {
			continue
		}
		if _, err := Made(path, command); err != nil {
			return err
		}
	}
	return nil
}

// Write replaces the output of a command in a page.
func Write(path, command, made string) error {
	before, _, after, err := cut(path, command)
	if err != nil {
		return err
	}
	return output.Write(path, []byte(before+"\n\n"+strings.TrimSpace(made)+"\n\n"+after))
}

// Check returns an error if the page holds something else than made. If part is set, because the run made only some rows,
// each line of made must be in the page.
func Check(path, command, made string, part bool) error {
	_, old, _, err := cut(path, command)
	if err != nil {
		return err
	}
	stands := map[string]bool{}
	for line := range strings.Lines(old) {
		stands[strings.TrimSpace(line)] = true
	}
	for line := range strings.Lines(made) {
		if line = strings.TrimSpace(line); !stands[line] {
			return fmt.Errorf("%w: %s has no line\n  %s\nwhich is what '%s' measures now; write it there with -readme %s", ErrStale, path, line, command, path)
		}
	}
	if !part && strings.TrimSpace(old) != strings.TrimSpace(made) {
		return fmt.Errorf("%w: %s has more than '%s' measures now; write it there with -readme %s", ErrStale, path, command, path)
	}
	return nil
}
