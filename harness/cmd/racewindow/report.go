package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
)

const reportAbout = `Render one counterexample. FILE is a report that 'racewindow explore --out DIR' wrote as JSON, a file that holds
a case, or a case itself; a case is executed for it, one thread at a time. --shrink first makes the case, also
that of a report, as small as it gets and says what each of its parts is needed for.

Formats:
%s
Exit codes: 0 the report was written, whatever it says; 2 wrong usage; 3 it could not be made.`

type reportFlags struct {
	format string
	out    string
	shrink bool
}

func reportCommand() *cobra.Command {
	f := &reportFlags{}
	var formats strings.Builder
	var names []string
	for _, known := range report.Formats {
		fmt.Fprintf(&formats, "  %-10s %s\n", known.Name, known.About)
		names = append(names, known.Name)
	}
	cmd := &cobra.Command{
		Use:   "report FILE|CASE",
		Short: "A counterexample as text, HTML, JSON, JUnit XML, Markdown, SVG or a Go test",
		Long:  fmt.Sprintf(reportAbout, formats.String()),
		Example: `  racewindow report out/report-1.json --format html -o report.html
  racewindow report out/report-1.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  racewindow report found.case --shrink --format gotest -o lost_write_test.go`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%d arguments: give one report, one file with a case, or one case in quotes", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), cmd.OutOrStdout(), args[0]) },
	}
	cmd.Flags().StringVar(&f.format, "format", "text", "`NAME`: "+strings.Join(names, ", "))
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "write it to `FILE` (default standard output)")
	cmd.Flags().BoolVar(&f.shrink, "shrink", false, "make a case smaller first")
	return cmd
}

func (f *reportFlags) run(ctx context.Context, out io.Writer, argument string) error {
	format, err := report.FormatByName(f.format)
	if err != nil {
		return usageError{fmt.Errorf("--format: %w", err)}
	}
	r, err := f.read(ctx, argument)
	if err != nil {
		return err
	}
	if f.out == "" && format.Name == "text" {
		return r.WriteText(out, columns(os.Stdout), reportPalette(os.Stdout))
	}
	var rendered bytes.Buffer
	if err := format.Write(&rendered, r); err != nil {
		return fmt.Errorf("--format %s: %w", format.Name, err)
	}
	if f.out == "" || f.out == "-" {
		_, err := out.Write(rendered.Bytes())
		return err
	}
	return writeWhole(f.out, rendered.Bytes())
}

// read takes a report as it is, and makes one of a case; with --shrink of the case that the report holds.
func (f *reportFlags) read(ctx context.Context, argument string) (*report.Report, error) {
	if !strings.HasPrefix(strings.TrimSpace(argument), "v1 ") {
		r, err := readReport(argument)
		if err != nil || r != nil && !f.shrink {
			return r, err
		}
		if r != nil {
			if _, err := cases.Parse(r.Case); err != nil {
				return nil, usageError{fmt.Errorf("--shrink: %s holds no case that could be executed: %w; leave --shrink out to render the report as it is", argument, err)}
			}
			argument = r.Case
		}
	}
	c, err := readCase(argument)
	if err != nil {
		return nil, usageError{err}
	}
	if len(c.Delays) > 0 {
		return nil, usageError{errors.New("the case has delays (~): 'racewindow replay' executes it; a report needs switches (@), or neither")}
	}
	if err := failpoints.Require("racewindow report of a case", "make build (it makes bin/racewindow)"); err != nil {
		return nil, err
	}
	if f.shrink {
		return shrunk(ctx, c)
	}
	return report.OfCase(c)
}

// readReport returns nil if the file is no JSON.
func readReport(name string) (*report.Report, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, usageError{fmt.Errorf("%w: give a report, a file with a case, or a case, which begins with 'v1 scenario=log handover=NAME'", err)}
	}
	defer file.Close()
	var first [1]byte
	if n, err := file.Read(first[:]); n == 0 || err != nil || first[0] != '{' {
		return nil, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	r, err := report.Load(file)
	switch {
	case errors.Is(err, report.ErrNotReport):
		return nil, usageError{fmt.Errorf("%s: %w", name, err)}
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// shrunk makes a case smaller, one that has no schedule after looking for one.
func shrunk(ctx context.Context, c cases.Case) (*report.Report, error) {
	m, err := shrink.Minimize(ctx, c, shrink.Limits{})
	if err == nil {
		return report.New(m, c, m.Preemptions)
	}
	if !errors.Is(err, shrink.ErrNotShown) || len(c.Switches) > 0 {
		return nil, err
	}
	s, err := explore.Run(ctx, explore.Config{Options: c.Options, Program: c.Threads, Faults: c.Faults, Crash: c.Crash, Search: sched.Options{Strategy: "bounded", Preemptions: 2}})
	switch {
	case err != nil:
		return nil, err
	case len(s.Findings) == 0:
		return nil, fmt.Errorf("the case holds, and so do all %d schedules with at most 2 preemptions: there is nothing to shrink", s.Statistics.Schedules)
	}
	return s.Findings[0].Report, nil
}

// writeReports writes a report in the two forms that are good for keeping: for people, and for programs.
func writeReports(name string, r *report.Report) error {
	for _, form := range []string{"json", "html"} {
		format, err := report.FormatByName(form)
		if err != nil {
			return err
		}
		var rendered bytes.Buffer
		if err := format.Write(&rendered, r); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Base(name)+format.Extension, err)
		}
		if err := writeWhole(name+format.Extension, rendered.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
