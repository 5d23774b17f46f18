package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

const replayAbout = `Execute a case again: one line that a report has printed or a person has written, or a file that holds it
(# begins a comment). The words are in the documentation of the package harness/cases.

A case with switches (@), or with neither switches nor delays, runs one thread at a time and does the same
each time; a switch whose place is not reached is an error that names it. A case with delays (~) runs on
goroutines, as does any with --free: what the case does not hold open is up to the Go scheduler then, so say
how often to try.

Exit codes: 0 held each time, 1 violated at least once, 2 wrong usage, 3 the case could not be executed as
it is written.`

type replayFlags struct {
	times    int
	patience time.Duration
	timeline bool
	free     bool
}

func replayCommand() *cobra.Command {
	f := &replayFlags{}
	cmd := &cobra.Command{
		Use:   "replay CASE|FILE",
		Short: "Execute one case again",
		Long:  replayAbout,
		Example: `  racewindow replay 'v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; ` +
			`@ w0@op#1>r0, r0@read/metadata-loaded#1>w0'
  racewindow replay --times 100 testdata/cases/stale-empty.case`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%d arguments: give one case in quotes, or one file", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), cmd.OutOrStdout(), args[0]) },
	}
	cmd.Flags().IntVar(&f.times, "times", 1, "execute it `N` times")
	cmd.Flags().DurationVar(&f.patience, "patience", 5*time.Second, "how long a 'while' or 'until' may take to come true")
	cmd.Flags().BoolVar(&f.timeline, "timeline", true, "print what each thread did in the first execution that shows a violation")
	cmd.Flags().BoolVar(&f.free, "free", false, "run it on goroutines, though it has no delays")
	return cmd
}

func (f *replayFlags) run(ctx context.Context, out io.Writer, argument string) error {
	if f.times < 1 || f.times > 1_000_000 || f.patience <= 0 {
		return usageError{fmt.Errorf("--times %d --patience %v: the first must lie between 1 and 1000000, the second above 0s", f.times, f.patience)}
	}
	c, err := readCase(argument)
	if err != nil {
		return usageError{err}
	}
	if err := failpoints.Require("racewindow replay", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	if len(c.Delays) == 0 && !f.free {
		return f.scheduled(ctx, out, c)
	}
	if len(c.Switches) > 0 {
		return usageError{fmt.Errorf("--free: the case has switches (@), which goroutines cannot follow: leave out the one or the other")}
	}
	return f.goroutines(ctx, out, c)
}

// goroutines executes a case with delays.
func (f *replayFlags) goroutines(ctx context.Context, out io.Writer, c cases.Case) error {
	violated := 0
	for range f.times {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("interrupted: %w", err)
		}
		o, err := cases.Runner{Patience: f.patience, Events: f.timeline}.Run(ctx, c)
		if err != nil {
			return err
		}
		if o.Violation == nil {
			continue
		}
		if violated++; violated == 1 {
			var text strings.Builder
			o.WriteViolation(&text)
			fmt.Fprint(out, text.String(), o.Timeline(40, true))
		}
	}
	return f.verdict(out, violated, c)
}

// scheduled executes a case under its schedule.
func (f *replayFlags) scheduled(ctx context.Context, out io.Writer, c cases.Case) error {
	program := c
	program.Switches = nil
	scenario, err := program.Scenario()
	var came *cases.Crashes
	if err == nil && (c.Crash != nil || len(c.Faults) > 0) {
		scenario, came, err = program.Crashing()
	}
	if err != nil {
		return err
	}
	runner := sched.NewRunner(scenario, sched.Options{})
	violated := 0
	for range f.times {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("interrupted: %w", err)
		}
		failure := runner.Replay(c.Switches, false).Failure
		if failure == nil {
			failure = unmet(c, came)
		}
		switch {
		case failure == nil:
			continue
		case failure.Kind == sched.Unusable, failure.Kind == sched.StepLimit:
			return errors.New(failure.Message)
		}
		if violated++; violated == 1 && f.timeline {
			if err := tellCase(out, c); err != nil {
				return err
			}
		}
	}
	return f.verdict(out, violated, c)
}

// unmet says what of a case that held was not executed as it is written.
func unmet(c cases.Case, came *cases.Crashes) *sched.Failure {
	switch {
	case c.Crash != nil && !c.Crash.Any && !came.Reached.Load():
		return &sched.Failure{Kind: sched.Unusable, Message: fmt.Sprintf("the place of the crash was not reached: %v", c.Crash.At)}
	case c.Crash != nil && !c.Crash.Any || len(c.Faults) == 0:
		return nil // a crash at a place may come before a fault does
	}
	if missing := came.Missing(c); len(missing) > 0 {
		return &sched.Failure{Kind: sched.Unusable, Message: fmt.Sprintf("these faults did not come: %v", missing)}
	}
	return nil
}

// tellCase prints the report of a case as it is, with nothing shrunk.
func tellCase(out io.Writer, c cases.Case) error {
	r, err := report.OfCase(c)
	if err != nil {
		return err
	}
	return r.WriteText(out, columns(os.Stdout), reportPalette(os.Stdout))
}

func (f *replayFlags) verdict(out io.Writer, violated int, c cases.Case) error {
	if violated > 0 {
		fmt.Fprintf(out, "violated %d of %d times: %v\n", violated, f.times, c)
		return errViolated
	}
	fmt.Fprintf(out, "held %d of %d times: %v\n", f.times, f.times, c)
	return nil
}

// readCase reads a case from the argument itself, or from the file that it names.
func readCase(argument string) (cases.Case, error) {
	if strings.HasPrefix(strings.TrimSpace(argument), "v1 ") {
		return cases.Parse(argument)
	}
	file, err := os.Open(argument)
	if err != nil {
		return cases.Case{}, fmt.Errorf("%w: give a file, or a case, which begins with 'v1 scenario=log handover=NAME'", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, cases.MaxTextBytes+1))
	if err != nil {
		return cases.Case{}, fmt.Errorf("read %s: %w", argument, err)
	}
	c, err := cases.ParseFile(string(content))
	if err != nil {
		return cases.Case{}, fmt.Errorf("%s: %w", argument, err)
	}
	return c, nil
}
