package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/explore"
)

const verifyAbout = `Hold what was said about the analysed bug and its fixes against the real engine: the four statements of the
analysis's model, then read-after-write for the hand-overs that promise it, in every schedule of small
programs with at most --preemptions preemptions (some programs: one less). Each failure is shown as its
smallest case.

A claim is about schedules: the code between two failpoints is taken as atomic, and nothing is lost on the
disk in memory.

Exit codes: 0 everything is as it is said, 1 something is not, 2 wrong usage, 3 the run itself failed.`

func verifyCommand() *cobra.Command {
	preemptions, jsonFile := 0, ""
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "The analysis's statements, exhaustively on the real code",
		Long:    verifyAbout,
		Example: "  racewindow verify\n  racewindow verify --preemptions 3 --json statements.json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return verify(cmd.Context(), cmd.OutOrStdout(), preemptions, jsonFile)
		},
	}
	cmd.Flags().IntVar(&preemptions, "preemptions", 2, "most preemptions of a schedule, `N`: each more takes about thirty times as long")
	cmd.Flags().StringVar(&jsonFile, "json", "", "write the statements as JSON to `FILE`")
	return cmd
}

func verify(ctx context.Context, out io.Writer, preemptions int, jsonFile string) error {
	if preemptions < 1 || preemptions > 10 {
		return usageError{fmt.Errorf("--preemptions %d: must lie between 1 and 10", preemptions)}
	}
	if err := failpoints.Require("racewindow verify", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	debug.SetGCPercent(400)
	began, schedules, number := time.Now(), uint64(0), -1
	all, err := explore.Verify(ctx, preemptions, func(s explore.Statement) {
		if s.Number != number {
			number = s.Number
			title := fmt.Sprintf("statement %d", number)
			if number == 0 {
				title = "beyond the model"
			}
			fmt.Fprintf(out, "\n%s\n", title)
		}
		fmt.Fprint(out, fitting(os.Stdout, s.String()+"\n"))
		schedules += s.Schedules
	})
	if err != nil {
		return err
	}
	if jsonFile != "" {
		if err := writeJSON(jsonFile, all); err != nil {
			return err
		}
	}
	wrong := 0
	for _, s := range all {
		if !s.True {
			wrong++
		}
	}
	fmt.Fprintf(out, "\n%d statements, %d not shown; %d schedules in %v\n", len(all), wrong, schedules, time.Since(began).Round(100*time.Millisecond))
	if wrong > 0 {
		return errViolated
	}
	return nil
}
