package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/report"
)

// keptIn is the folder of a test's cases, below that of its package.
func (c *checking) keptIn() string {
	return filepath.Join("testdata", "racewindow", filepath.FromSlash(caseName(c.t.Name())))
}

// keep writes the case of a finding where the next run finds it. It returns the file, "" if it cannot be written: then the finding
// is still in the test's output.
func (c *checking) keep(f explore.Finding) string {
	sum := sha256.Sum256([]byte(f.Case))
	file := filepath.Join(c.keptIn(), hex.EncodeToString(sum[:8])+".case")
	text := fmt.Sprintf("# %s: %s\n%s\n", f.Report.Promise, strings.ReplaceAll(f.Report.Detail, "\n", " "), f.Case)
	err := os.MkdirAll(c.keptIn(), 0o777)
	if err == nil {
		err = writeWhole(file, text)
	}
	if err != nil {
		c.t.Logf("harness.Check: the case could not be kept: %v", err)
		return ""
	}
	return filepath.ToSlash(file)
}

// writeWhole writes a file beside its place and puts it there, so that a half-written one never replaces a good one.
func writeWhole(file, text string) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".case-")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// savedFiles are the cases that were kept, in the order of their names.
func (c *checking) savedFiles() []string {
	files, _ := filepath.Glob(filepath.Join(c.keptIn(), "*.case")) // the pattern is well formed
	return files
}

// saved executes the cases that were kept. One that holds is said to be gone; one that cannot be executed fails the test.
func (c *checking) saved() {
	c.t.Helper()
	for _, file := range c.savedFiles() {
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var r *report.Report
		var parsed cases.Case
		if err == nil {
			parsed, err = cases.ParseFile(string(content), cases.Only(c.object))
		}
		if err == nil {
			r, err = report.OfCase(parsed)
		}
		switch {
		case err != nil:
			c.t.Errorf("harness.Check: the kept case %s cannot be executed: %v; remove the file if what it is about is gone", file, err)
		case r.Verdict == report.Violated:
			c.found(r, parsed.String(), filepath.ToSlash(file))
		default:
			c.t.Logf("the kept case %s holds now: keep the file, so that it stays so", file)
		}
	}
}
