// Results of tests for other programs: go test's JSON stream, JUnit, SARIF, GitHub, and the list of known findings.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/cmd/racewindow/results"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/report"
)

// A teller collects the results of tests, and writes them in the forms that were asked for.
type teller struct {
	test2json          bool
	junit, sarif, list string

	stream        *results.TestJSON
	open, problem string // the package whose tests run, and why they could not all run
	known         *results.Known
	all           []results.Result
}

func (t *teller) define(flags *pflag.FlagSet) {
	flags.BoolVar(&t.test2json, "test2json", false, "with packages: write to standard output the stream that go test -json writes, for gotestsum and editors; -json does too")
	flags.StringVar(&t.junit, "junit", "", "with packages: write what became of each test as JUnit XML to `FILE`")
	flags.StringVar(&t.sarif, "sarif", "", "with packages: write what was found as SARIF 2.1.0 to `FILE`, for code scanning")
	flags.StringVar(&t.list, "known", "", "with packages: `FILE` with known findings, one a line: they are reported, and are no failure")
}

// begin opens the stream and reads the list of known findings.
func (t *teller) begin() error {
	if t.test2json {
		t.stream = results.NewTestJSON(standardOutput)
	}
	if t.list == "" {
		return nil
	}
	content, err := os.ReadFile(t.list)
	if err != nil {
		return usageError{fmt.Errorf("--known: %w", err)}
	}
	if t.known, err = results.ReadKnown(bytes.NewReader(content)); err != nil {
		return usageError{fmt.Errorf("--known %s: %w", t.list, err)}
	}
	return nil
}

// began begins a package in the stream, after it has ended the package before. testBegan begins a test.
func (t *teller) began(pkg string) {
	if t.stream == nil || pkg == t.open {
		return
	}
	t.over()
	t.open = pkg
	t.stream.Began(pkg)
}

func (t *teller) testBegan(pkg, test string) {
	if t.stream != nil {
		t.began(pkg)
		t.stream.TestBegan(pkg, test)
	}
}

// Write adds a line that belongs to no test to the stream, as output of the package whose tests run.
func (t *teller) Write(text []byte) (int, error) {
	t.stream.Output(t.open, "", string(text))
	return len(text), t.stream.Err()
}

// said adds a text about a test to the stream.
func (t *teller) said(pkg, test, text string) {
	if t.stream != nil {
		t.stream.Output(pkg, test, text)
	}
}

// ended takes the result of a test.
func (t *teller) ended(r results.Result) {
	t.all = append(t.all, r)
	if t.stream != nil {
		t.stream.TestEnded(&r)
	}
}

// failed records why the tests of the open package could not be executed, or not all of them.
func (t *teller) failed(why error) { t.problem = printable(why.Error()) }

// over ends the open package, if there is one.
func (t *teller) over() {
	if t.stream != nil && t.open != "" {
		t.stream.Ended(t.open, t.problem)
	}
	t.open, t.problem = "", ""
}

// checks makes results of the events that Checks sent.
func (t *teller) checks(told []drive.Event) {
	findings := map[string][]results.Finding{}
	texts := map[string]string{}
	for _, e := range told {
		at := e.Package + " " + e.Test
		texts[at] += e.Text + "\n"
		switch e.Event {
		case drive.Found:
			if made, err := report.Load(bytes.NewReader(e.Report)); err == nil {
				findings[at] = append(findings[at], results.Finding{Report: made, Package: e.Package, Test: e.Test})
			}
		case drive.Ended:
			r := results.Result{Package: e.Package, Test: e.Test, Outcome: results.Pass, Verdict: drive.HeldAll, Text: texts[at], Findings: findings[at]}
			if e.Code != exitHeld {
				r.Outcome, r.Verdict = results.Fail, drive.Unjudged
			}
			if e.Code == exitViolated {
				r.Verdict = drive.FoundSome
			}
			t.testBegan(e.Package, e.Test)
			t.said(e.Package, e.Test, r.Text)
			t.ended(r)
			delete(texts, at)
		}
	}
	t.over()
}

// write writes the files that were asked for, and in GitHub Actions the annotations and the step summary.
func (t *teller) write(out io.Writer) (err error) {
	root := checkout()
	if t.junit != "" {
		err = errors.Join(err, written(t.junit, func(w io.Writer) error { return results.WriteJUnit(w, t.all) }))
	}
	if t.sarif != "" {
		err = errors.Join(err, written(t.sarif, func(w io.Writer) error { return results.WriteSARIF(w, t.all, root) }))
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		if t.stream != nil {
			out = os.Stderr
		}
		err = errors.Join(err, results.WriteAnnotations(out, t.all, root), t.summarize())
	}
	if t.stream != nil {
		err = errors.Join(err, t.stream.Err())
	}
	return err
}

// summarize appends to the step summary, where there is one.
func (t *teller) summarize() error {
	file := os.Getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("GITHUB_STEP_SUMMARY: %w", err)
	}
	return errors.Join(results.WriteSummary(f, t.all), f.Close())
}

// written writes a file whole, from what write writes; "-" is standard output.
func written(file string, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	if file == "-" {
		_, err := standardOutput.Write(text.Bytes())
		return err
	}
	return output.Write(file, text.Bytes())
}

// checkout is the folder that a CI's paths of files begin at: the workspace, or the top of the repository; "" for none.
func checkout() string {
	if folder := os.Getenv("GITHUB_WORKSPACE"); folder != "" {
		return folder
	}
	folder, err := os.Getwd()
	for ; err == nil; folder = filepath.Dir(folder) {
		if _, missing := os.Stat(filepath.Join(folder, ".git")); missing == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	return ""
}

// knownLines says which findings are known, and which findings on the list did not show.
func (t *teller) knownLines() string {
	var text strings.Builder
	for _, r := range t.all {
		for _, f := range r.Findings {
			if f.Known != "" {
				fmt.Fprintf(&text, "known: %s\n", f.Known)
			}
		}
	}
	for _, line := range t.known.Gone(t.all) {
		fmt.Fprintf(&text, "no longer shows: %s; take it off the list of known findings\n", line)
	}
	return text.String()
}

// unknown counts the findings that are not on the list of known ones.
func (t *teller) unknown() (n int) {
	for _, r := range t.all {
		for _, f := range r.Findings {
			if f.Known == "" {
				n++
			}
		}
	}
	return n
}

// outcomeOf is the outcome of a plain test for a CI: known findings pass.
func outcomeOf(s *drive.PlainSummary, findings []results.Finding, unjudgedOK bool) results.Outcome {
	switch s.Verdict {
	case drive.HeldAll, drive.Sequential:
		return results.Pass
	case drive.SkippedItself:
		return results.Skip
	case drive.FoundSome:
		for _, f := range findings {
			if f.Known == "" {
				return results.Fail
			}
		}
		return results.Pass
	}
	if unjudgedOK {
		return results.Skip
	}
	return results.Fail
}

// took is the time since a test began, 0 if it did not begin.
func took(since time.Time) time.Duration {
	if since.IsZero() {
		return 0
	}
	return time.Since(since)
}
