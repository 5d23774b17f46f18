// Lists the Checks of packages: to choose the one that an order is for, and to say which there are when none ran.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
)

// withOne returns the package of the one Check that the order is for. Several Checks are an error that lists them.
func (r *checkRun) withOne(ctx context.Context, packages []plain.Package) ([]plain.Package, error) {
	if len(packages) == 1 && r.order.Case != "" {
		return packages, nil // the pattern is the name of the case's test, and run says if there is none
	}
	all, err := r.list(ctx, packages, r.pattern)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, usageError{r.noneRan(ctx, packages)}
	case len(all) > 1:
		return nil, usageError{fmt.Errorf("this is for one Check, and there are %d: choose one by its package and --run:\n%s", len(all), lines(all))}
	}
	if i := slices.IndexFunc(packages, func(p plain.Package) bool { return p.ImportPath == all[0].Package }); i >= 0 {
		return packages[i : i+1], nil
	}
	return packages, nil
}

// list finds the Checks that a pattern selects. Tests that have nothing to do with the harness are not run for it.
func (r *checkRun) list(ctx context.Context, packages []plain.Package, pattern string) (all []drive.Event, err error) {
	folder, err := os.MkdirTemp("", "racewindow-checks-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	order := drive.Order{Mode: drive.List, Events: filepath.Join(folder, "events")}
	for _, group := range alike(packages) {
		var said bytes.Buffer
		code, err := r.test(ctx, group.packages, pattern, namesPattern(group.skip), order, &said)
		if err != nil && !nothingRan(err) {
			return nil, err
		}
		if _, none := os.Stat(order.Events); code != 0 && none != nil && !nothingRan(err) {
			return nil, usageError{fmt.Errorf("the tests cannot be built or run:\n%s", strings.TrimSpace(said.String()))}
		}
	}
	events, _ := os.ReadFile(order.Events) // the file is missing if no Check ran
	for line := range strings.Lines(string(events)) {
		var e drive.Event
		if json.Unmarshal([]byte(line), &e) == nil && e.Event == drive.Began && !slices.ContainsFunc(all, func(other drive.Event) bool { return sameCheck(e, other) }) {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b drive.Event) int { return strings.Compare(a.Package, b.Package) }) // packages run side by side
	return all, nil
}

// A testGroup holds packages that one call of go test can serve, although -skip then applies to all of them.
type testGroup struct {
	packages   []plain.Package
	skip, keep []string
}

// alike groups packages so that no test to skip in one has the name of a test to keep in another.
func alike(packages []plain.Package) (groups []*testGroup) {
	for _, p := range packages {
		keep := slices.DeleteFunc(slices.Concat(p.Checks, p.Tests), func(name string) bool { return slices.Contains(p.Strangers, name) })
		i := slices.IndexFunc(groups, func(g *testGroup) bool {
			return !slices.ContainsFunc(keep, func(name string) bool { return slices.Contains(g.skip, name) }) &&
				!slices.ContainsFunc(p.Strangers, func(name string) bool { return slices.Contains(g.keep, name) })
		})
		if i < 0 {
			i, groups = len(groups), append(groups, &testGroup{})
		}
		g := groups[i]
		g.packages, g.skip, g.keep = append(g.packages, p), append(g.skip, p.Strangers...), append(g.keep, keep...)
	}
	return groups
}

// namesPattern is a pattern of go test that matches these tests; "" for none.
func namesPattern(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "^(" + strings.Join(names, "|") + ")$"
}

// nothingRan reports whether no test was selected at all.
func nothingRan(err error) bool {
	var nothing *overlay.NothingRan
	return errors.As(err, &nothing)
}

func sameCheck(a, b drive.Event) bool { return a.Package == b.Package && a.Test == b.Test }

// lines are Checks, one a line.
func lines(all []drive.Event) string {
	var words []string
	for _, e := range all {
		words = append(words, strings.TrimSpace("  "+e.Package+" "+e.Test))
	}
	return "  " + strings.Join(words, "\n  ")
}

// noneRan is the error for a pattern that selects no Check. It lists the Checks that there are.
func (r *checkRun) noneRan(ctx context.Context, packages []plain.Package) error {
	all, err := r.list(ctx, packages, "")
	switch {
	case err != nil:
		return err
	case len(all) == 0:
		return fmt.Errorf("no Check ran: no test of %s calls harness.Check", strings.Join(r.packages, " "))
	}
	return fmt.Errorf("no Check ran: -run %q matches no test that calls harness.Check in %s, which has these:\n%s",
		r.pattern, strings.Join(r.packages, " "), lines(all))
}
