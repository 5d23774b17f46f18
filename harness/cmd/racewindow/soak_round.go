package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log/rounds"
)

// oneRound executes the round of --round, and prints its findings and counts.
func (f *soakFlags) oneRound(ctx context.Context, out io.Writer) error {
	spec, err := soak.ParseRound(f.round)
	if err != nil {
		return usageError{fmt.Errorf("--round: %w", err)}
	}
	var kind soak.Kind
	if strings.Contains(spec.Variant, ":") {
		kind, err = f.roundOfChecks(ctx, spec)
	} else if kind, err = f.kindOf(spec); err != nil {
		err = usageError{fmt.Errorf("--round: %w", err)}
	}
	if err != nil {
		return err
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

// badVariants are the variants with known bugs. No campaign draws them, but --round takes them.
func badVariants(kind string) (names []string) {
	for _, b := range rounds.Bad()[kind] {
		names = append(names, b.Variant)
	}
	return append(names, map[string][]string{"properties": {soak.VariantBad}, "fuzz": {soak.VariantFails}}[kind]...)
}

// kindOf is the kind that a round names. With --in-process it runs in this process.
func (f *soakFlags) kindOf(spec soak.RoundSpec) (soak.Kind, error) {
	f.kinds = []string{spec.Kind}
	switch spec.Kind {
	case "explore", "stress", "race":
		names, err := knownHandovers([]string{spec.Variant})
		if err != nil {
			return nil, fmt.Errorf("variant=%s: %w", spec.Variant, err)
		}
		f.handovers = names
	}
	kinds, notRun, err := f.allKinds()
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		if k.Name() != spec.Kind {
			continue
		}
		if known := append(k.Variants(), badVariants(spec.Kind)...); !slices.Contains(known, spec.Variant) {
			return nil, fmt.Errorf("variant=%s: %s has no variant of that name: choose one of %s", spec.Variant, spec.Kind, strings.Join(known, ", "))
		}
		if isolated, ok := k.(soak.Isolated); ok && (f.inProcess || spec.Kind == "race" && sched.UnderRaceDetector()) {
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
