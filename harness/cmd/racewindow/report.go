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
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/report"
)

const reportAbout = `Render one counterexample for people or programs. FILE is a report that 'racewindow explore --out DIR' wrote as JSON, or
a file that holds a case; CASE is a case itself, or the schedule of a plain test. A case is executed for its report,
one thread at a time; the case of a test is executed by the test's package (default the current one). --shrink first
makes the case, or the case of a report, as small as possible, and says what each of its parts is needed for.

Formats:

%s
Exit codes: 0 the report was written, whatever it says; 2 wrong usage; 3 it could not be made.`

type reportFlags struct {
	subject subjectFlag
	format  string
	out     string
	shrink  bool
	race    bool
	build   []string
	atomic  []string
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
		Use:   "report FILE|CASE [package]",
		Short: "A counterexample as text, HTML, JSON, JUnit XML, Markdown, SVG or a Go test",
		Long:  fmt.Sprintf(reportAbout, formats.String()),
		Example: `  racewindow report out/report-4e6f2074.json --format html -o report.html
  racewindow report out/report-4e6f2074.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  racewindow report found.case --shrink --format gotest -o lost_write_test.go
  racewindow report 'v1 test=TestCache; c0: put("a", 1), get("a")' --shrink --format gotest ./cache
  racewindow report cache/testdata/racewindow/TestEvict/0a1b2c3d4e5f6071.case --format html -o report.html ./cache`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{fmt.Errorf("%d arguments: give one report, one file with a case, or one case in quotes; add the package if the case belongs to a test", len(args))}
			}
			return nil
		},
		ValidArgsFunction: completeFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1:]) },
	}
	f.subject.define(cmd.Flags())
	cmd.Flags().StringVar(&f.format, "format", "text", "`NAME`: "+strings.Join(names, ", "))
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "write it to `FILE` (default standard output)")
	cmd.Flags().StringArrayVar(&f.build, "build", nil, buildAbout)
	cmd.Flags().StringArrayVar(&f.atomic, "atomic", nil, atomicAbout)
	cmd.Flags().BoolVar(&f.race, "race", false, "for the schedule of a plain test: under the race detector")
	cmd.Flags().BoolVar(&f.shrink, "shrink", false, "make a case smaller first")
	return cmd
}

func (f *reportFlags) run(cmd *cobra.Command, argument string, packages []string) error {
	out := cmd.OutOrStdout()
	format, err := report.FormatByName(f.format)
	if err != nil {
		return usageError{fmt.Errorf("--format: %w", err)}
	}
	if err := checkPlaces(cmd.Flags(), []string{"out"}, nil); err != nil {
		return err
	}
	if sameFile(f.out, argument) {
		return usageError{fmt.Errorf("--out %s: this file is read; name another one", f.out)}
	}
	if argument, err = f.subject.whole(argument); err != nil {
		return err
	}
	r, err := f.read(cmd.Context(), argument)
	var of *ofTest
	switch {
	case errors.As(err, &of):
		r, err = f.ofTest(cmd.Context(), of, packages)
	case err == nil && len(packages) > 0:
		err = usageError{fmt.Errorf("%s: this report needs no package, because its case does not belong to a test: leave it out", packages[0])}
	}
	if err != nil {
		return err
	}
	if f.out == "" && format.Name == "text" {
		return r.WriteText(out, terminalColumns(os.Stdout), reportPalette(os.Stdout))
	}
	var rendered bytes.Buffer
	if err := format.Write(&rendered, r); errors.Is(err, report.ErrPlain) {
		return usageError{fmt.Errorf("--format %s: %w", format.Name, err)}
	} else if err != nil {
		return fmt.Errorf("--format %s: %w", format.Name, err)
	}
	if f.out == "" || f.out == "-" {
		_, err := out.Write(rendered.Bytes())
		return err
	}
	return output.Write(f.out, rendered.Bytes())
}

// ofTest makes the report of a case of a test, which the test's package executes.
func (f *reportFlags) ofTest(ctx context.Context, of *ofTest, packages []string) (*report.Report, error) {
	if p, token, is, err := plainToken(ctx, of, f.build, f.race, packages); is {
		if err != nil {
			return nil, err
		}
		return f.ofPlainTest(ctx, p, token)
	}
	r := of.run("report", packages)
	r.build = f.build
	r.order = drive.Order{Mode: drive.Report, Case: of.text, Shrink: f.shrink}
	if err := r.run(ctx); err != nil {
		return nil, err
	}
	if r.made == nil {
		return nil, fmt.Errorf("%s made no report", of.test)
	}
	return report.Load(bytes.NewReader(r.made.Report))
}

// sameFile reports whether two names lead to the same regular file.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil || !first.Mode().IsRegular() {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// read returns a report as it is, and makes one from a case. With --shrink it makes one from the report's case.
func (f *reportFlags) read(ctx context.Context, argument string) (*report.Report, error) {
	read, err := readReportOrCase(ctx, argument)
	switch {
	case ctx.Err() != nil:
		return nil, err
	case err != nil:
		return nil, usageError{err}
	case read.report != nil && f.shrink:
		if read.of, err = cases.Parse(read.report.Case, subjectOf); err != nil {
			var of *ofTest
			if errors.As(err, &of) {
				of.text = read.report.Case
				return nil, of
			}
			return nil, usageError{fmt.Errorf("--shrink: the case in %s cannot be executed: %w; leave --shrink out to render the report as it is", argument, err)}
		}
	case read.report != nil:
		return read.report, nil
	}
	c := read.of
	if err := f.subject.check(c.Subject); err != nil {
		return nil, err
	}
	if len(c.Delays) > 0 {
		return nil, usageError{errors.New("the case has delays (~): use 'racewindow replay' for it; a report needs a case with switches (@), or with neither")}
	}
	if err := failpoints.Require("racewindow report of a case", "make build (it makes bin/racewindow)"); err != nil {
		return nil, err
	}
	if f.shrink {
		return shrunk(ctx, c)
	}
	return report.OfCase(c)
}

// A reportOrCase is a report, or a case to make one from.
type reportOrCase struct {
	report *report.Report
	of     cases.Case
}

// readReportOrCase reads a file only once, because it may be a pipe. Text that begins with a brace is a report.
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

// subjectIn is the subject that a case names, even if the rest of the case is wrong; nil if it is not known.
func subjectIn(text string) (named cases.Subject) {
	_, _ = cases.Parse(text, func(head string) (s cases.Subject, err error) {
		named, err = subjectOf(head)
		return named, err
	})
	return named
}

// skipTo skips a byte order mark and blanks, and reports whether the next letter is the given one.
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

// shrunk makes the report of a case after shrinking it. If the case has no schedule, it first searches for one that fails.
func shrunk(ctx context.Context, c cases.Case) (*report.Report, error) {
	line := newProgressLine("report")
	defer line.clear()
	stop := line.during(func() string { return explore.StageShrink })
	defer stop()
	return explore.Smallest(ctx, c, line.explored)
}

// writeReports writes a report as HTML for people and as JSON for programs.
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
