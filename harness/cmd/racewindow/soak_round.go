package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/stress"
)

// oneRound does a round that a line describes.
func (f *soakFlags) oneRound(ctx context.Context, out io.Writer) error {
	spec, err := soak.ParseRound(f.round)
	if err != nil {
		return usageError{fmt.Errorf("--round: %w", err)}
	}
	if err := failpoints.Require("racewindow soak", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	kind, err := f.kindOf(spec)
	if err != nil {
		return usageError{fmt.Errorf("--round: %w", err)}
	}
	r, err := kind.Run(ctx, spec)
	if err != nil {
		return err
	}
	if f.result != "" {
		if err := soak.WriteResult(f.result, r); err != nil {
			return err
		}
	}
	for _, found := range r.Found {
		if found.Text != "" {
			fmt.Fprintf(out, "%s\n", soak.Clean(found.Text))
		}
		if found.Report != nil {
			if err := found.Report.WriteText(out, terminalColumns(os.Stdout), reportPalette(os.Stdout)); err != nil {
				return err
			}
		}
		fmt.Fprintf(out, "found %s, %d times: %s\n", soak.OneLine(found.Class), found.Count, soak.OneLine(found.Detail))
	}
	fmt.Fprintf(out, "%s: %s\n", spec, summarised(r))
	switch {
	case len(r.Found) > 0:
		return errViolated
	case r.Inconclusive != "":
		return fmt.Errorf("no verdict: %s", soak.OneLine(r.Inconclusive))
	}
	return nil
}

// kindOf is the kind that a round names, in this process if that was asked for.
func (f *soakFlags) kindOf(spec soak.RoundSpec) (soak.Kind, error) {
	if slices.Contains([]string{"explore", "stress", "race"}, spec.Kind) {
		if _, err := handoverByName(spec.Variant); err != nil {
			return nil, fmt.Errorf("variant: %w", err)
		}
	}
	f.kinds, f.handovers = []string{spec.Kind}, []string{spec.Variant}
	kinds, notRun, err := f.allKinds()
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		if k.Name() != spec.Kind {
			continue
		}
		if isolated, ok := k.(soak.Isolated); ok && (f.inProcess || spec.Kind == "race" && stress.RaceDetector) {
			return isolated.Kind, nil
		}
		return k, nil
	}
	for _, n := range notRun {
		if n.What == spec.Kind {
			return nil, fmt.Errorf("%s cannot be run here: %s", n.What, n.Because)
		}
	}
	return nil, fmt.Errorf("no kind is called %q", spec.Kind)
}

func summarised(r soak.RoundResult) string {
	var words []string
	for name, n := range r.Counts {
		words = append(words, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(words)
	return fmt.Sprintf("%s; %d behaviours", strings.Join(words, ", "), len(r.Behaviour))
}
