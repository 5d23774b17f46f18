package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
)

// A cell is an engine, tried in one way.
type cell struct {
	engine string // as the table names it
	folder string // of the adapter
	way    string
	test   string   // --run, if the folder has several tests
	more   []string // flags beside those of the way

	// What must come: broken is the promise that breaks, or what the report begins with, and page says where that is described. Several
	// promises are joined by " or ": which of them breaks first depends on the Go scheduler where clients run freely. If both
	// are empty, it must hold, or refused is what the command says instead of a verdict.
	broken, page string
	seldom       bool // broken comes where the machine is fast enough, and otherwise it holds
	refused      string
	because      string // why it is refused, for the table
}

// power is the way in which power is lost while clients run freely.
const power = "stress --crash"

// ways are the ways of testing, with their flags.
var ways = map[string][]string{
	"explore": {"explore", "--seed", "1", "--budget", "20s"},
	"crash":   {"crash", "--seed", "1", "--budget", "30s"},
	"faults":  {"crash", "--faults", "2", "--seed", "1", "--budget", "30s"},
	"stress":  {"stress", "--seed", "1", "--duration", "20s", "--goroutines", "200"},
	power:     {"stress", "--crash", "--seed", "1", "--duration", "20s"},
	"kill":    {"kill", "--seed", "1", "--kills", "20", "--goroutines", "4", "--workers", "1", "--dir", "/var/tmp"},
}

func (c cell) name() string { return c.engine + ", " + c.way }

// try runs a cell and returns its row.
func (t *trial) try(ctx context.Context, c cell) (row string, err error) {
	got, err := t.result(ctx, c)
	if err != nil {
		return "", err
	}
	return c.row(got), nil
}

// result runs a cell. It returns an error if something else came than was expected.
func (t *trial) result(ctx context.Context, c cell) (got result, err error) {
	events := filepath.Join(t.folder, "events.json")
	kept := filepath.Join(t.module, c.folder, "testdata", "racewindow") // what an earlier run has found would be executed first
	if err := errors.Join(os.RemoveAll(events), os.RemoveAll(kept)); err != nil {
		return got, err
	}
	arguments := append([]string{}, ways[c.way]...)
	arguments = append(append(arguments, c.more...), "--json", events)
	if c.test != "" {
		arguments = append(arguments, "--run", c.test)
	}
	output, ended := run(ctx, t.module, t.command, append(arguments, "./"+c.folder)...)
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(ended, &exit):
		code = exit.ExitCode()
	case ended != nil:
		return got, ended
	}
	got, err = read(events)
	if err != nil && c.refused == "" {
		return got, fmt.Errorf("%w\n%s", err, output)
	}
	if err := c.judge(got, output, code); err != nil {
		return got, fmt.Errorf("%w\n%s", err, output)
	}
	return got, nil
}

// judge returns an error if something else came than was expected.
func (c cell) judge(got result, output string, code int) error {
	switch {
	case c.refused != "":
		if code < 2 || !strings.Contains(strings.Join(strings.Fields(output), " "), c.refused) {
			return fmt.Errorf("it ended with %d, and not with 2 or 3 and %q", code, c.refused)
		}
	case c.seldom && code == 0:
	case c.broken == "" && code != 0:
		return fmt.Errorf("it must hold, and ended with %d", code)
	case c.broken != "" && code != 1:
		return fmt.Errorf("%s must be found broken, and it ended with %d", c.broken, code)
	case c.broken != "" && !slices.Contains(strings.Split(c.broken, " or "), got.promise):
		return fmt.Errorf("%s must be found broken, and it was %s", c.broken, got.promise)
	}
	return nil
}

// A result is what the events of a run say.
type result struct {
	promise string // that broke, "" for none
	after   uint64 // schedules until then
	counts  map[string]uint64
	summary *explore.Summary // of a search, nil for a free run
}

// read reads the file that --json has written.
func read(file string) (r result, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	var events []drive.Event
	if err := json.Unmarshal(text, &events); err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	for _, e := range events {
		if e.Event == drive.Found && r.promise == "" {
			var report struct{ Promise string }
			if err := json.Unmarshal(e.Report, &report); err != nil {
				return r, fmt.Errorf("the report of %s: %w", e.Test, err)
			}
			r.promise = report.Promise
		}
		if e.Done != nil {
			r.counts = e.Done.Counts
		}
		if len(e.Summary) > 0 {
			r.summary = &explore.Summary{}
			if err := json.Unmarshal(e.Summary, r.summary); err != nil {
				return r, fmt.Errorf("the summary of %s: %w", e.Test, err)
			}
			if len(r.summary.Findings) > 0 {
				r.after = r.summary.Findings[0].After
			}
		}
	}
	return r, nil
}

// run runs a command, and returns what it prints. An error has that too, unless the command ended by itself.
func run(ctx context.Context, folder, command string, arguments ...string) (output string, err error) {
	c := exec.CommandContext(ctx, command, arguments...)
	c.Dir, c.Env = folder, append(os.Environ(), "NO_COLOR=1")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || command == "go") {
		return out.String(), fmt.Errorf("%s %s: %w\n%s", command, strings.Join(arguments, " "), err, &out)
	}
	return out.String(), err
}
