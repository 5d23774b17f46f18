package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
)

const replayAbout = `Execute a case again: one line that a report has printed or a person has written, or a file that holds it
(# begins a comment). Each thread is a goroutine; delays are made where the case says so. The words are in
the documentation of the package harness/cases.

A case whose delays are all "while" or "until" shows the same each time. Any other depends on the Go
scheduler: say how often to try.

Exit codes: 0 held each time, 1 violated at least once, 2 wrong usage, 3 the case could not be executed as
it is written.`

type replayFlags struct {
	times    int
	patience time.Duration
	timeline bool
}

func replayCommand() *cobra.Command {
	f := &replayFlags{}
	cmd := &cobra.Command{
		Use:   "replay CASE|FILE",
		Short: "Execute one case again",
		Long:  replayAbout,
		Example: `  racewindow replay 'v1 scenario=log handover=stale; w0: append 1, read - end; f0: flush; ` +
			`~ w0@read/metadata-loaded#1=while:f0#1'`,
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
