package report

import (
	"errors"
	"fmt"
	"go/format"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
)

// ErrNoCase says that a report is about a scenario that is Go code: it is a test already.
var ErrNoCase = errors.New("the report has a schedule of Go code and no case: its replay command runs the test that it comes from")

// A Tested subject has a Go test that executes a case. In its text stand NAME for the test's name, CASE for the case as a Go string,
// SENTENCE for the promise and DETAIL for what came.
type Tested interface {
	GoTest() string
}

// writeGoTest writes a test of a package of its own that executes the case. It is for 'racewindow test', fails while the bug is
// there, and passes when it is gone.
func writeGoTest(w io.Writer, r *Report) error {
	tested, ok := r.subject.(Tested)
	if !ok {
		return ErrNoCase
	}
	if _, err := cases.Parse(r.Case, cases.Only(r.subject)); err != nil { // the test would end with that
		return err
	}
	source := strings.NewReplacer(
		"NAME", testName(r), "CASE", strconv.Quote(r.Case), "DETAIL", comment(r.Detail), "SENTENCE", comment(r.Promise+": "+r.Sentence),
	).Replace(tested.GoTest())
	formatted, err := format.Source([]byte(source))
	if err != nil {
		return fmt.Errorf("the test is not Go: %w", err)
	}
	_, err = w.Write(formatted)
	return err
}

// testName is of letters and digits, and another one for another case.
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

// comment is a text that cannot end the comment that it stands in.
func comment(text string) string { return strings.ReplaceAll(text, "*/", "* /") }
