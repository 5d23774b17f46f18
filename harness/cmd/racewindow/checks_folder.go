// Loses power under Checks whose subjects keep their data in a folder. Only racewindow's runtime sees what code does to files, so the
// tests are built once more.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
)

// findFolders chooses racewindow's runtime for the packages whose tests name env.Dir() and not env.Disk(). Those that keep their data in a
// folder all the same are found when they refuse to lose power, after a build for nothing.
func (r *checkRun) findFolders(ctx context.Context, packages []plain.Package) error {
	if r.order.Mode != drive.Crash || r.raceGiven {
		return nil
	}
	var free []plain.Package
	for _, p := range packages {
		inFolder, err := namesFolderOnly(p.Dir)
		if err != nil {
			return err
		}
		if !inFolder {
			continue
		}
		if marked, err := hasMarkers(ctx, p.ImportPath); err != nil {
			return err
		} else if !marked {
			free = append(free, p)
		}
	}
	err := r.useRuntime(ctx, free)
	if lacksRuntime(err) { // then each Check says so
		return nil
	}
	return err
}

// namesFolderOnly says whether the tests in a folder name env.Dir() and not env.Disk().
func namesFolderOnly(folder string) (is bool, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || bytes.Contains(text, []byte(".Disk()")) {
			return false, err
		}
		is = is || bytes.Contains(text, []byte(".Dir()"))
	}
	return is, err
}

// useRuntime makes the Checks of packages lose power in racewindow's runtime.
func (r *checkRun) useRuntime(ctx context.Context, free []plain.Package) (err error) {
	if len(free) == 0 {
		return nil
	}
	if r.session, err = plain.Open(ctx, "", environment.Full()); err != nil {
		return err
	}
	without := ""
	if r.race {
		without = ", which has no race detector here"
	}
	for _, p := range free {
		r.byRuntime = append(r.byRuntime, p.ImportPath)
	}
	fmt.Fprintf(r.out, "Checks of %s: power is lost in racewindow's runtime%s, because they keep their data in env.Dir(); %s %s/%s\n",
		strings.Join(paths(free), ", "), without, r.session.Toolchain.Version, r.session.Toolchain.OS, r.session.Toolchain.Arch)
	return nil
}

// goroutinesOfFolders is the default for subjects in folders. Two clients have one open at a time, and an engine needs more than an object
// in memory: files, goroutines, caches.
const goroutinesOfFolders = 64

// takeInFolders returns the refusals of Checks that need racewindow's runtime, and takes them from those of the run.
func (r *checkRun) takeInFolders() (inFolders []drive.Event) {
	if r.order.Mode != drive.Crash {
		return nil
	}
	r.refused = slices.DeleteFunc(r.refused, func(e drive.Event) bool {
		is := slices.Contains(e.Uses, drive.KeepsInFolder)
		if is {
			inFolders = append(inFolders, e)
		}
		return is
	})
	return inFolders
}

// losePowerInFolders carries out the order with these Checks, in racewindow's runtime. Those whose code has markers stay refused, and all
// if --race was given.
func (r *checkRun) losePowerInFolders(ctx context.Context, packages []plain.Package, inFolders []drive.Event, output io.Writer) (code int, err error) {
	tests := map[string][]string{} // by package
	for _, e := range inFolders {
		tests[e.Package] = append(tests[e.Package], e.Test)
	}
	var free []plain.Package
	for _, p := range packages {
		if tests[p.ImportPath] == nil || r.raceGiven {
			continue
		}
		if marked, err := hasMarkers(ctx, p.ImportPath); err != nil {
			return 1, err
		} else if !marked {
			free = append(free, p)
			r.began -= len(tests[p.ImportPath])
		}
	}
	for _, e := range inFolders {
		if !slices.Contains(paths(free), e.Package) {
			r.refused = append(r.refused, e)
		}
	}
	if len(free) == 0 {
		return 1, nil
	}
	if err := r.useRuntime(ctx, free); err != nil {
		return 1, noRuntime(err)
	}
	return code, r.again(func(order drive.Order) error {
		for _, p := range free {
			one, err := r.testByRuntime(ctx, p, exactly(tests[p.ImportPath]), "", order, output)
			if code = max(code, one); err != nil {
				return err
			}
		}
		return nil
	})
}

func lacksRuntime(err error) bool {
	var unsupported *runtime.UnsupportedError
	var unfit *runtime.UnfitError
	return errors.As(err, &unsupported) || errors.As(err, &unfit)
}

// noRuntime says why power cannot be lost, if there is no runtime.
func noRuntime(err error) error {
	if lacksRuntime(err) {
		return fmt.Errorf("a subject that keeps its data in env.Dir() loses power in racewindow's runtime only, and that does not work here: %w", err)
	}
	return err
}

// again carries out the order once more, with events of its own.
func (r *checkRun) again(do func(order drive.Order) error) error {
	order := r.order
	order.Version, order.Events = drive.Version, r.order.Events+"-again"
	if err := os.WriteFile(order.Events, nil, 0o600); err != nil {
		return err
	}
	r.order.Events = order.Events
	done := make(chan error, 1)
	go func() { done <- do(order) }()
	return r.follow(done)
}

// exploreByRuntime looks for the smallest cases of what free runs have found in code without markers.
func (r *checkRun) exploreByRuntime(ctx context.Context, packages []plain.Package, output io.Writer) error {
	due := r.unexplored
	r.unexplored = nil
	for _, e := range due {
		i := slices.IndexFunc(packages, func(p plain.Package) bool { return p.ImportPath == e.Package })
		if i < 0 {
			continue
		}
		session, err := plain.Open(ctx, "", environment.Full())
		if err != nil {
			fmt.Fprintf(r.out, "no smallest case: only racewindow's runtime explores code without markers: %v\n\n", err)
			continue
		}
		r.session = session
		err = r.again(func(order drive.Order) error {
			order.Mode, order.Program, order.Class = drive.Smallest, e.Case, e.Text
			_, err := r.testByRuntime(ctx, packages[i], exactly([]string{e.Test}), "", order, output)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// exactly is go test's -run for these tests.
func exactly(tests []string) string {
	var levels [][]string // of names, of the tests and their sub-tests
	for _, test := range tests {
		for i, name := range strings.Split(test, "/") {
			if i == len(levels) {
				levels = append(levels, nil)
			}
			if name = regexp.QuoteMeta(name); !slices.Contains(levels[i], name) {
				levels[i] = append(levels[i], name)
			}
		}
	}
	var words []string
	for _, names := range levels {
		words = append(words, "^("+strings.Join(names, "|")+")$")
	}
	return strings.Join(words, "/")
}
