package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	"github.com/racewindow/racewindow/harness/plain"
)

// A result is the result of exploring one package.
type result struct {
	Package string
	Tests   []string // all tests of the package
	Args    []string // of explore
	Code    int
	Seconds float64
	Said    string        // the end of the output, if Code is neither 0 nor 1
	Events  []drive.Event // ended tests, and findings without their timelines
	Cuts    int           `json:",omitempty"` // how often the package's time ran out and the run went on with the remaining tests
	Passed  []string      `json:",omitempty"` // tests during which the time ran out; they were not tried again
}

// left returns the tests that were not reached.
func (r *result) left() []string {
	return slices.DeleteFunc(slices.Clone(r.Tests), func(test string) bool {
		return slices.Contains(r.Passed, test) || slices.ContainsFunc(r.Events, func(e drive.Event) bool {
			function, _, _ := strings.Cut(e.Test, "/")
			return e.Plain != nil && function == test
		})
	})
}

// package1 explores one package, or takes the result that an earlier run has kept, and adds it to a row. written is what was added to
// the package; it is part of the key of the kept result, so a change of it makes package1 explore again.
func (s *settings) package1(ctx context.Context, r *row, dir string, p plain.Package, args []string, written ...string) error {
	args = append(args, "--seed", fmt.Sprint(s.seed), "--unjudged=ok")
	if s.steps > 0 {
		args = append(args, "--step-limit", fmt.Sprint(s.steps))
	}
	sum := sha256.Sum256([]byte(strings.Join(slices.Concat([]string{s.kind, dir, p.ImportPath}, args, written), "\n")))
	file := filepath.Join(s.folder, "results", r.subject.name+"-"+hex.EncodeToString(sum[:6])+".json")
	done, err := load(file)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s: %d tests\n", r.subject.name, p.ImportPath, len(p.Tests))
		// Findings of an earlier run are kept there, and would be found again at once.
		if err := os.RemoveAll(filepath.Join(p.Dir, "testdata", "racewindow")); err != nil {
			return err
		}
		if done, err = s.run1(ctx, p, args); err != nil {
			return err
		}
		if done.Code != 2 { // not kept if the build failed: that may be fixed by the next run
			if err := save(file, done); err != nil {
				return err
			}
		}
	}
	for done.Code != 2 && done.Seconds >= s.perPackage.Seconds()*float64(done.Cuts+1) && len(done.left()) > 0 && done.Cuts < mostCuts {
		fmt.Fprintf(os.Stderr, "%s: %s: goes on with %d tests\n", r.subject.name, p.ImportPath, len(done.left()))
		if err := s.goOn(ctx, p, args, done); err != nil {
			return err
		}
		if err := save(file, done); err != nil {
			return err
		}
	}
	r.add(done)
	return nil
}

// mostCuts is how often a package may go on after its time has run out.
const mostCuts = 6

// goOn explores the tests that were left when a package's time ran out. It does not try again the test in which that happened: the last
// event names that test, or else it is the first one that is left.
func (s *settings) goOn(ctx context.Context, p plain.Package, args []string, done *result) error {
	done.Cuts++
	left := done.left()
	if last := len(done.Events) - 1; last < 0 || done.Events[last].Plain == nil || !strings.Contains(done.Events[last].Plain.Because, "signal") {
		done.Passed, left = append(done.Passed, left[0]), left[1:]
	}
	if len(left) == 0 {
		return nil
	}
	more, err := s.run1(ctx, p, append(slices.Clone(args), "--run", "^("+strings.Join(left, "|")+")$"))
	if err != nil {
		return err
	}
	done.Events, done.Said, done.Seconds = append(done.Events, more.Events...), more.Said, done.Seconds+more.Seconds
	if more.Code == 1 || more.Code == 2 {
		done.Code = more.Code
	}
	return nil
}

func load(file string) (*result, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &result{}
	return r, json.Unmarshal(content, r)
}

func save(file string, r *result) error {
	content, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o777)
	}
	if err == nil {
		err = os.WriteFile(file+".half", content, 0o666)
	}
	if err == nil {
		err = os.Rename(file+".half", file)
	}
	return err
}

// run1 runs racewindow explore on a package, with bounds on time and memory. If it takes too long, it is interrupted and reports what it
// has so far.
func (s *settings) run1(ctx context.Context, p plain.Package, args []string) (*result, error) {
	told, err := os.CreateTemp(s.folder, "events-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(told.Name())
	defer told.Close()
	bounded, cancel := context.WithTimeout(ctx, s.perPackage)
	defer cancel()
	words := append([]string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$@"`, s.memory<<10), "sh", s.command, "explore", "--json", told.Name()}, args...)
	cmd := exec.CommandContext(bounded, "sh", append(words, ".")...)
	cmd.Dir, cmd.Env = p.Dir, append(os.Environ(), "NO_COLOR=1", "GOFLAGS=-mod=mod", "GOMEMLIMIT=2GiB")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && !errors.As(err, &ended) && bounded.Err() == nil:
		return nil, fmt.Errorf("run racewindow: %w", err)
	}
	r := &result{Package: p.ImportPath, Tests: p.Tests, Args: args, Code: cmd.ProcessState.ExitCode(), Seconds: time.Since(began).Seconds()}
	if r.Code != 0 && r.Code != 1 {
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		r.Said = strings.Join(lines[max(0, len(lines)-20):], "\n")
	}
	content, err := os.ReadFile(told.Name())
	if err != nil || len(content) == 0 {
		return r, nil // no events: all tests of the package are left
	}
	if err := json.Unmarshal(content, &r.Events); err != nil {
		return nil, fmt.Errorf("understand what racewindow tells: %w", err)
	}
	for i := range r.Events {
		if f := r.Events[i].Finding; f != nil {
			f.Outcome.Events, f.Passing = nil, nil
		}
		r.Events[i].Report = nil
	}
	return r, nil
}
