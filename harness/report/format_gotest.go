package report

import (
	_ "embed"
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
)

// ErrNoCase says that a report has no case, because its scenario is Go code, which is a test already.
var ErrNoCase = errors.New("the report has a schedule of Go code and no case: its replay command runs the test that it comes from")

// ErrNoPackage says that a report of a Check's case does not name the package of the Check.
var ErrNoPackage = errors.New("the report does not say in which package its Check is")

// ErrPlain says that a report is about the schedule of a plain test, which is a test already.
var ErrPlain = errors.New("the report is about a plain test, which is a Go test already: 'racewindow explore' keeps the schedule in " +
	"testdata/racewindow and executes it first, each time")

// A Tested subject provides a Go test that executes a case. In its text, NAME is replaced by the test's name, CASE by the
// case as a Go string, SENTENCE by the promise and DETAIL by what happened.
type Tested interface {
	GoTest() string
}

// goTestOfCheck is the test for a case of a harness.Check. In its text, TEST is replaced by the test with the Check, and
// PACKAGE by the name of its package.
//
//go:embed gotest.txt
var goTestOfCheck string

// writeGoTest writes a test that executes the case. For a Check it belongs to the Check's package, otherwise to a package of
// its own. Run by 'racewindow test', it fails as long as the bug is there, and passes once it is gone.
func writeGoTest(w io.Writer, r *Report) error {
	text, test, err := r.goTest()
	if err != nil {
		return err
	}
	source := strings.NewReplacer(
		"NAME", testName(r), "CASE", strconv.Quote(r.Case), "DETAIL", comment(r.Detail), "SENTENCE", comment(r.Promise+": "+r.Sentence),
		"TEST", test, "PACKAGE", r.Package,
	).Replace(text)
	formatted, err := format.Source([]byte(source))
	if err != nil {
		return fmt.Errorf("the test is not Go: %w", err)
	}
	_, err = w.Write(formatted)
	return err
}

// goTest returns the text of the test, and the test with the Check, or "" if the case belongs to no Check.
func (r *Report) goTest() (text, test string, err error) {
	if r.Plain {
		return "", "", ErrPlain
	}
	if tested, ok := r.subject.(Tested); ok {
		_, err := cases.Parse(r.Case, cases.Only(r.subject)) // otherwise the written test would fail with this error
		return tested.GoTest(), "", err
	}
	name, ok := strings.CutPrefix(cases.HeadOf(r.Case), "test=")
	if !ok {
		return "", "", ErrNoCase
	}
	test, _, _ = strings.Cut(name, "/")
	switch {
	case !token.IsIdentifier(test) || !strings.HasPrefix(test, "Test"):
		return "", "", fmt.Errorf("%w: the Check is in %.80q, which is no test that another test could call", ErrNoCase, test)
	case !token.IsIdentifier(r.Package):
		return "", "", fmt.Errorf("%w: make it again, with 'racewindow report CASE PACKAGE'", ErrNoPackage)
	}
	return goTestOfCheck, test, nil
}

// testName returns a name of letters and digits that differs between cases.
func testName(r *Report) string {
	var b strings.Builder
	for _, c := range r.Promise {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			b.WriteRune(c)
		}
	}
	name := b.String()
	if name != "" {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	return fmt.Sprintf("Test%sCase%08x", name, crc32.ChecksumIEEE([]byte(r.Case)))
}

// comment returns a text that cannot end the comment that contains it.
func comment(text string) string { return strings.ReplaceAll(text, "*/", "* /") }
