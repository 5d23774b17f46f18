// Which Checks there are, where one is needed or none ran.

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
)

// withOne are the packages in which the one Check is that the order is for. Several are an error that lists them.
func (r *checkRun) withOne(ctx context.Context, packages []string) ([]string, error) {
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
		return nil, usageError{fmt.Errorf("it is for one Check, and there are %d: choose one by its package and --run:\n%s", len(all), lines(all))}
	}
	if path := all[0].Package; slices.Contains(packages, path) {
		return []string{path}, nil
	}
	return packages, nil
}

// list are the Checks that a pattern selects.
func (r *checkRun) list(ctx context.Context, packages []string, pattern string) (all []drive.Event, err error) {
	folder, err := os.MkdirTemp("", "racewindow-checks-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	order := drive.Order{Mode: drive.List, Events: filepath.Join(folder, "events")}
	var said bytes.Buffer
	code, err := r.test(ctx, packages, pattern, order, &said)
	if err != nil && !nothingRan(err) {
		return nil, err
	}
	events, _ := os.ReadFile(order.Events) // there is none where no Check ran
	for line := range strings.Lines(string(events)) {
		var e drive.Event
		if json.Unmarshal([]byte(line), &e) == nil && e.Event == drive.Began && !slices.ContainsFunc(all, func(other drive.Event) bool { return sameCheck(e, other) }) {
			all = append(all, e)
		}
	}
	if code != 0 && len(all) == 0 && !nothingRan(err) {
		return nil, usageError{fmt.Errorf("the tests cannot be built or run:\n%s", strings.TrimSpace(said.String()))}
	}
	slices.SortStableFunc(all, func(a, b drive.Event) int { return strings.Compare(a.Package, b.Package) }) // packages run side by side
	return all, nil
}

// nothingRan says whether no test was selected at all.
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

// noneRan says that the pattern selects no Check, and which there are.
func (r *checkRun) noneRan(ctx context.Context, packages []string) error {
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
