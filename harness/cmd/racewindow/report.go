package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/output"
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
		Example: `  racewindow report out/report-4e6f2074.json --format html -o report.html
  racewindow report out/report-4e6f2074.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  racewindow report found.case --shrink --format gotest -o lost_write_test.go`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%d arguments: give one report, one file with a case, or one case in quotes", len(args))}
			}
			return nil
		},
		ValidArgsFunction: completeFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	cmd.Flags().StringVar(&f.format, "format", "text", "`NAME`: "+strings.Join(names, ", "))
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "write it to `FILE` (default standard output)")
	cmd.Flags().BoolVar(&f.shrink, "shrink", false, "make a case smaller first")
	return cmd
}

func (f *reportFlags) run(cmd *cobra.Command, argument string) error {
	out := cmd.OutOrStdout()
	format, err := report.FormatByName(f.format)
	if err != nil {
		return usageError{fmt.Errorf("--format: %w", err)}
	}
	if err := checkPlaces(cmd.Flags(), []string{"out"}, nil); err != nil {
		return err
	}
	if sameFile(f.out, argument) {
		return usageError{fmt.Errorf("--out %s: it is what is read; name another file", f.out)}
	}
	r, err := f.read(cmd.Context(), argument)
	if err != nil {
		return err
	}
	var of *ofTest
	if _, err := cases.Parse(r.Case, subjectOf); format.Name == "gotest" && errors.As(err, &of) {
		return usageError{fmt.Errorf("--format gotest: %s executes each case that lies in testdata/racewindow/%s of its package: put this one there, as a file NAME.case", of.test, of.test)}
	}
	if f.out == "" && format.Name == "text" {
		return r.WriteText(out, terminalColumns(os.Stdout), reportPalette(os.Stdout))
	}
	var rendered bytes.Buffer
	if err := format.Write(&rendered, r); err != nil {
		return fmt.Errorf("--format %s: %w", format.Name, err)
	}
	if f.out == "" || f.out == "-" {
		_, err := out.Write(rendered.Bytes())
		return err
	}
	return output.Write(f.out, rendered.Bytes())
}

// sameFile says whether two names lead to one file.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil || !first.Mode().IsRegular() {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// read takes a report as it is, and makes one of a case; with --shrink of the case that the report holds.
func (f *reportFlags) read(ctx context.Context, argument string) (*report.Report, error) {
	read, err := readReportOrCase(ctx, argument)
	switch {
	case ctx.Err() != nil:
		return nil, err
	case err != nil:
		return nil, usageError{err}
	case read.report != nil && f.shrink:
		if read.of, err = cases.Parse(read.report.Case, subjectOf); err != nil {
			return nil, usageError{fmt.Errorf("--shrink: %s holds no case that could be executed: %w; leave --shrink out to render the report as it is", argument, err)}
		}
	case read.report != nil:
		return read.report, nil
	}
	c := read.of
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

// A reportOrCase is a report, or the case to make one of.
type reportOrCase struct {
	report *report.Report
	of     cases.Case
}

// readReportOrCase reads a file once: it may be a pipe. What begins with a brace is a report.
func readReportOrCase(ctx context.Context, argument string) (read reportOrCase, err error) {
	if isCaseText(argument) {
		read.of, err = readCase(ctx, argument)
		return read, err
	}
	return unlessInterrupted(ctx, argument, func() (read reportOrCase, err error) {
		file, err := openNamed(argument)
		if err != nil {
			return read, err
		}
		defer file.Close()
		content := bufio.NewReader(file)
		if !skipTo(content, '{') {
			read.of, err = caseIn(file, content)
			return read, err
		}
		if read.report, err = report.Load(content); err != nil {
			return read, fmt.Errorf("%s: %w", argument, err)
		}
		if s := subjectIn(read.report.Case); s != nil {
			read.report.About(s)
		}
		return read, nil
	})
}

// subjectIn is the subject that the text of a case names, though the rest of it may be wrong; nil for none that is known.
func subjectIn(text string) (named cases.Subject) {
	_, _ = cases.Parse(text, func(head string) (s cases.Subject, err error) {
		named, err = subjectOf(head)
		return named, err
	})
	return named
}

// skipTo skips a byte order mark and blanks, and says whether the next letter is the given one.
func skipTo(r *bufio.Reader, letter rune) bool {
	for {
		next, _, err := r.ReadRune()
		if err != nil {
			return false
		}
		if next != '\uFEFF' && !unicode.IsSpace(next) {
			_ = r.UnreadRune() // it has just been read
			return next == letter
		}
	}
}

// shrunk makes a case smaller, one that has no schedule after looking for one.
func shrunk(ctx context.Context, c cases.Case) (*report.Report, error) {
	line := newProgressLine("report")
	stop := line.during(func() string { return explore.StageShrink })
	m, err := shrink.Minimize(ctx, c, shrink.Limits{})
	stop()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted while the case was made smaller: %w", ctx.Err())
	case err == nil:
		return report.New(m, c, m.Preemptions)
	case !errors.Is(err, shrink.ErrNotShown) || len(c.Switches) > 0:
		return nil, err
	}
	config := explore.Config{Subject: c.Subject, Program: &c, Crash: c.Crash, Exhaustive: true}
	config.Search, config.Progress = sched.Options{Strategy: "bounded", Preemptions: 2}, line.explored
	s, err := explore.Run(ctx, config)
	line.clear()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted while the case was made smaller: %w", ctx.Err())
	case len(s.Findings) > 0:
		return s.Findings[0].Report, nil
	case err != nil:
		return nil, err
	case s.Verdict != explore.Held:
		return nil, fmt.Errorf("nothing was found, and that says nothing: %s", s.Because)
	}
	return nil, fmt.Errorf("the case holds, and so do all %d schedules with at most 2 preemptions: there is nothing to shrink", s.Statistics.Schedules)
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
		if err := output.Write(name+format.Extension, rendered.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
