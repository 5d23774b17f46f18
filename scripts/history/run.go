package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
)

// tests are the tests of the bugs, named after them. If a mended version has other names, NAME-after.go is its test.
//
//go:embed testdata/*.go
var tests embed.FS

// The bounds of each run of racewindow: how long it searches, how long it may take with building, shrinking and reporting, and its
// address space in MiB (which the race detector needs by the terabyte).
const (
	budget = 30 * time.Second
	limit  = 4 * time.Minute
	memory = 8192
)

// A result is what came of exploring a test with one version.
type result struct {
	code      int
	found     string // what was found: the promise that broke, or the kind of failure; "" for nothing
	schedules uint64 // until the finding, or in all
	because   string // why there is no verdict
	took      time.Duration
	said      string // the output
}

// verdict is what the table says.
func (r result) verdict() string {
	switch {
	case r.said == "":
		return "" // not run
	case r.found != "":
		return "found: " + r.found
	case r.code == 0:
		return "held"
	}
	return noVerdict
}

// noVerdict is the verdict of a run that judged nothing.
const noVerdict = "no verdict"

// version explores the bug's test with one version of the module.
func (s *settings) version(ctx context.Context, b bug, version string, after bool) (r result, err error) {
	fmt.Fprintf(os.Stderr, "history: %s: %s@%s\n", b.name, b.module, version)
	dir := filepath.Join(s.folder, b.name+"-"+version)
	if err := s.module(ctx, dir, b, version, after); err != nil {
		return r, err
	}
	if r, err = s.explore(ctx, dir, b.arguments()); err != nil {
		return r, err
	}
	return r, os.RemoveAll(dir)
}

// module makes a module of a test, which requires one version of the bug's module. The go command fetches that and what it needs, from
// wherever the user's settings say.
func (s *settings) module(ctx context.Context, dir string, b bug, version string, after bool) error {
	test, err := tests.ReadFile("testdata/" + b.name + "-after.go")
	if err != nil || !after {
		test, err = tests.ReadFile("testdata/" + b.name + ".go")
	}
	if err != nil {
		return err
	}
	var mod strings.Builder
	fmt.Fprintf(&mod, "module example.com/history\n\ngo 1.26.0\n\nrequire %s %s\n", b.module, version)
	for _, other := range b.needs {
		fmt.Fprintf(&mod, "require %s\n", other)
	}
	if bytes.Contains(test, []byte("racewindow/harness")) {
		fmt.Fprintf(&mod, "require github.com/racewindow/racewindow v0.0.0\nreplace github.com/racewindow/racewindow => %s\n", s.root)
	}
	sums, err := os.ReadFile(filepath.Join(s.root, "go.sum")) // of what racewindow needs
	if err := errors.Join(err, os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod.String()), 0o666),
		os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o666), os.WriteFile(filepath.Join(dir, "history_test.go"), test, 0o666)); err != nil {
		return err
	}
	// -deps lists the packages of the test, with the versions of their modules.
	fetch := exec.CommandContext(ctx, "go", "list", "-mod=mod", "-test", "-deps", "-f", "{{with .Module}}{{.Path}}@{{.Version}}{{end}}", ".")
	fetch.Dir = dir
	out, err := fetch.CombinedOutput()
	if err != nil {
		return fmt.Errorf("fetch %s@%s: %w\n%s", b.module, version, err, out)
	}
	if want := b.module + "@" + version; !slices.Contains(strings.Fields(string(out)), want) {
		return fmt.Errorf("something needs another version than %s:\n%s", want, out)
	}
	return nil
}

// explore runs racewindow in a folder, with bounds on time and memory, and reads what it tells.
func (s *settings) explore(ctx context.Context, dir string, arguments []string) (r result, err error) {
	told := filepath.Join(dir, "events.json")
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	bound := fmt.Sprintf("ulimit -v %d; ", memory<<10)
	words := append([]string{s.command}, arguments...)
	if slices.Contains(arguments, "--race") {
		bound = ""
	}
	words = append(words[:len(words)-1:len(words)-1], "--json", told, words[len(words)-1])
	cmd := exec.CommandContext(bounded, "sh", append([]string{"-c", bound + `exec "$@"`, "sh"}, words...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "NO_COLOR=1", "GOFLAGS=-mod=mod", "GOMEMLIMIT=2GiB")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return r, context.Cause(ctx)
	case bounded.Err() != nil:
		return r, fmt.Errorf("racewindow took longer than %v\n%s", limit, &out)
	case err != nil && !errors.As(err, &ended):
		return r, fmt.Errorf("run racewindow: %w", err)
	}
	r = result{code: cmd.ProcessState.ExitCode(), took: time.Since(began), said: out.String()}
	if content, err := os.ReadFile(told); err == nil && len(content) > 0 {
		return r, r.read(content)
	}
	return r, nil
}

// read takes what racewindow has told of the one test.
func (r *result) read(content []byte) error {
	var events []drive.Event
	if err := json.Unmarshal(content, &events); err != nil {
		return fmt.Errorf("understand what racewindow tells: %w", err)
	}
	for _, e := range events {
		switch {
		case e.Finding != nil && r.found == "":
			r.found, r.schedules = string(e.Finding.Failure.Kind), e.Finding.After
			if e.Finding.Failure.Timing {
				r.found = "timing: " + r.found
			}
		case e.Event == drive.Found && r.found == "":
			var report struct{ Promise string }
			if err := json.Unmarshal(e.Report, &report); err != nil {
				return fmt.Errorf("the report of %s: %w", e.Test, err)
			}
			r.found = report.Promise
		}
		if e.Plain != nil && r.found == "" {
			r.schedules, r.because = e.Plain.Statistics.Schedules, e.Plain.Because
		}
		if len(e.Summary) > 0 {
			summary := explore.Summary{}
			if err := json.Unmarshal(e.Summary, &summary); err != nil {
				return fmt.Errorf("the summary of %s: %w", e.Test, err)
			}
			r.schedules, r.because = summary.Statistics.Schedules, summary.Because
			if len(summary.Findings) > 0 {
				r.schedules = summary.Findings[0].After
			}
		}
	}
	return nil
}

// judge returns an error if something else came than the row says.
func (b bug) judge(r result, after bool) error {
	want := "found: " + b.finds
	switch {
	case after:
		want = "held"
		if b.holds != "" {
			want = b.holds
		}
	case b.missed != "":
		want = b.finds
	}
	if slices.Contains(strings.Split(want, " or "), r.verdict()) {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(r.said), "\n")
	lines = lines[max(0, len(lines)-30):]
	err := fmt.Errorf("%s, instead of %s; it ended with %d, and said:\n%s", r.verdict(), want, r.code, strings.Join(lines, "\n"))
	if r.verdict() == noVerdict {
		return err
	}
	return fmt.Errorf("%w: %w", errOther, err)
}
