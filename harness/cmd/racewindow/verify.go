package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/analysis"
)

const verifyAbout = `Check what was said about the known bug and its fixes against the real engine, exhaustively: the four statements of
the analysis's model, then read-after-write for the hand-overs that promise it. Small programs are executed in every
schedule with at most --preemptions preemptions (for some programs one fewer). Each failure is shown as its smallest
case.

A claim is about schedules: the code between two failpoints counts as atomic, and the disk in memory loses nothing.

Exit codes: 0 every statement is as the analysis says, 1 one is not, 2 wrong usage, 3 the run itself failed
or was interrupted.`

func verifyCommand() *cobra.Command {
	preemptions, jsonFile := 0, ""
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Check the analysis of the known bug, exhaustively on the real code",
		Long:    verifyAbout,
		Example: "  racewindow verify\n  racewindow verify --preemptions 3 --json statements.json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return verify(cmd, preemptions, jsonFile)
		},
	}
	cmd.Flags().IntVar(&preemptions, "preemptions", 2, "most preemptions of a schedule, `N`: each one more takes about thirty times as long")
	cmd.Flags().StringVar(&jsonFile, "json", "", "write the statements as JSON to `FILE` (- for standard output, and the rest to standard error)")
	return cmd
}

func verify(cmd *cobra.Command, preemptions int, jsonFile string) error {
	out := cmd.OutOrStdout()
	if err := checkNumbers(cmd.Flags(), bound{"preemptions", 1, 10}); err != nil {
		return usageError{err}
	}
	if err := checkPlaces(cmd.Flags(), []string{"json"}, nil); err != nil {
		return err
	}
	if err := failpoints.Require("racewindow verify", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	if jsonFile == "-" { // standard output must have nothing but the JSON
		out = os.Stderr
	}
	debug.SetGCPercent(400)
	began, number := time.Now(), -1
	var told atomic.Int64
	line := newProgressLine("verify")
	stop := line.during(func() string { return fmt.Sprintf("%d statements", told.Load()) })
	all, err := analysis.Verify(cmd.Context(), preemptions, func(s analysis.Statement) {
		told.Add(1)
		line.aside(func() {
			if s.Number != number {
				number = s.Number
				fmt.Fprintf(out, "\n%s\n", statementTitle(number))
			}
			fmt.Fprint(out, fitting(os.Stdout, s.String()+"\n"))
		})
	})
	stop()
	if cmd.Context().Err() != nil {
		err = fmt.Errorf("interrupted after %d statements: %w", len(all), cmd.Context().Err())
	}
	return printStatements(out, all, jsonFile, time.Since(began), err)
}

func statementTitle(number int) string {
	if number == 0 {
		return "beyond the model"
	}
	return fmt.Sprintf("statement %d", number)
}

// printStatements prints the totals, and returns the error that gives the exit code. failed is why not all statements were
// checked, nil if they were.
func printStatements(out io.Writer, all []analysis.Statement, jsonFile string, took time.Duration, failed error) error {
	wrong, unjudged, schedules := 0, 0, uint64(0)
	for _, s := range all {
		schedules += s.Schedules
		switch {
		case s.Unjudged():
			unjudged++
		case !s.True:
			wrong++
		}
	}
	fmt.Fprintf(out, "\n%d statements, %d not shown; %d schedules in %v\n", len(all), wrong+unjudged, schedules, took.Round(100*time.Millisecond))
	if jsonFile != "" && failed == nil { // a file with some of the statements would look complete
		failed = writeJSON(jsonFile, all)
	}
	switch {
	case wrong > 0:
		return violated(failed)
	case unjudged > 0:
		return errors.Join(failed, fmt.Errorf("no verdict on %d statements: not every schedule of them was executed and judged", unjudged))
	}
	return failed
}
