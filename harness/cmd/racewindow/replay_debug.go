// Replays the schedule of a plain test under a debugger.

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

const (
	debugAbout = "for the schedule of a plain test: stop in the debugger Delve (dlv) where it fails; =`FILE` has commands for dlv"
	stepAbout  = "with --debug: stop at step `N` of the timeline instead"
	// interactive is the value of --debug if it is given without one.
	interactive = "the terminal"

	noDelve = "--debug: there is no dlv on the PATH: run go install github.com/go-delve/delve/cmd/dlv@latest, and add the folder where that puts it, " +
		"'go env GOPATH'/bin, to PATH"
)

// checkDebug refuses flags that cannot be combined with --debug.
func (f *replayFlags) checkDebug(cmd *cobra.Command) error {
	switch {
	case f.debug == "" && cmd.Flags().Changed("debug-step"):
		return usageError{errors.New("--debug-step says where --debug stops: add --debug")}
	case f.debug == "":
		return nil
	case f.times != 1:
		return usageError{fmt.Errorf("--times %d: a debugger follows one execution only: leave out --times or --debug", f.times)}
	}
	if f.debug != interactive {
		if _, err := os.Stat(f.debug); err != nil {
			return usageError{fmt.Errorf("--debug=%s: a file with commands for dlv is expected after =: %w", f.debug, err)}
		}
	}
	return nil
}

// findDelve finds the program dlv, if --debug is given.
func (f *replayFlags) findDelve() (err error) {
	if f.debug == "" {
		return nil
	}
	if f.delve, err = exec.LookPath("dlv"); err != nil {
		return usageError{errors.New(noDelve)}
	}
	return nil
}

// debugPlain starts the debugger on the schedule that has just failed as e says. Afterwards the command ends with the violation.
func (f *replayFlags) debugPlain(cmd *cobra.Command, r *plainRun, p plain.Package, e drive.Event) error {
	d, err := f.stopOf(e)
	if err != nil {
		return err
	}
	d.In, d.Out, d.Err = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	d.Terminal = term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
	p.Tests = []string{topOf(e.Test)}
	return violated(r.session.Debug(cmd.Context(), p, d))
}

// stopOf says where the debugger stops, and what it prints there.
func (f *replayFlags) stopOf(e drive.Event) (d plain.Debugger, err error) {
	found := e.Finding
	failure := found.Failure
	d = plain.Debugger{Program: f.delve, Step: -1, Failure: fmt.Sprintf("%s fails here: %s", e.Test, firstLine(failure.Message))}
	if f.debug != interactive {
		d.Commands = f.debug
	}
	rows := report.Numbered(found.Outcome.Events)
	switch n := f.debugStep; {
	case n > len(rows), n > 0 && !rows[n-1].Point:
		return d, usageError{fmt.Errorf("--debug-step %d: no goroutine stops at this step; the timeline has %d steps", n, len(rows))}
	case n > 0:
		d.Step, d.Here = rows[n-1].Step, stepWords(n, rows)
	case failure.Kind == sched.DataRace:
		d.Lines = accessLines(failure.Stack)
		d.Here = "this is one of the two places of the data race; 'continue' goes on to the other: " + firstLine(failure.Message)
	case !plain.StopsAtFailure(failure):
		if n = lastStep(rows, failure); n == 0 {
			return d, fmt.Errorf("--debug: %s fails before any goroutine comes to a step: %s", e.Test, firstLine(failure.Message))
		}
		d.Step, d.Here = rows[n-1].Step, stepWords(n, rows)+"; after it "+firstLine(failure.Message)
	}
	return d, nil
}

// lastStep is the last step of a goroutine that waits for ever. If none does, it is the last step of all; 0 for none.
func lastStep(rows []sched.Event, failure *sched.Failure) (n int) {
	stuck := 0
	for i, row := range rows {
		switch {
		case !row.Point:
		case strings.Contains(failure.Stack, "goroutine "+row.Thread+" ["):
			n, stuck = i+1, i+1
		default:
			n = i + 1
		}
	}
	return cmp.Or(stuck, n)
}

// stepWords say what the n-th step is.
func stepWords(n int, rows []sched.Event) string {
	row := rows[n-1]
	return fmt.Sprintf("step %d of %d: %s is at %s (%s:%d)", n, len(rows), row.Thread, row.Text, row.File, row.Line)
}

// accessed matches a line with a place in the stacks of a data race.
var accessed = regexp.MustCompile(`(?m)^      (/.+\.go):(\d+)`)

// accessLines are the innermost lines of the two accesses, as FILE:LINE.
func accessLines(stack string) (lines []string) {
	for _, part := range strings.Split(stack, "\n\n")[:min(2, strings.Count(stack, "\n\n")+1)] {
		if at := accessed.FindStringSubmatch(part); at != nil && !slices.Contains(lines, at[1]+":"+at[2]) {
			lines = append(lines, at[1]+":"+at[2])
		}
	}
	return lines
}
