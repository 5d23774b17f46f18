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
	"github.com/racewindow/racewindow/harness/sched"
)

// keptIn is the folder of a test's cases, below that of its package.
func (c *checking) keptIn() string {
	return filepath.Join("testdata", "racewindow", filepath.FromSlash(caseName(c.name)))
}

// keep writes the case of a finding where the next run finds it. It returns the file, "" if it cannot be written, or if whoever
// drives keeps what is found: then the finding is still in the test's output.
func (c *checking) keep(f explore.Finding) string {
	if c.order.Unkept {
		return ""
	}
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

// unplaced is how many kept cases nothing executes in this build.
func (c *checking) unplaced() int {
	if c.withoutPlaces {
		return c.unreached
	}
	return len(c.savedFiles())
}

// saved executes the cases that were kept, and says whether the test has failed.
func (c *checking) saved() (failed bool) {
	c.t.Helper()
	for _, file := range c.savedFiles() {
		content, err := os.ReadFile(file)
		file = filepath.ToSlash(file)
		what := "the kept case " + file
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			c.unexecuted(what, err)
		default:
			c.regression(what, file, string(content))
		}
	}
	return c.t.Failed()
}

// regression executes a case that failed once, and is kept in a file or, without one, in what is said of it. One that holds is said to be gone; one that cannot be
// executed fails the test, unless it is only that its places are not reached any more: a fix removes them. Then its program is
// explored.
func (c *checking) regression(what, kept, text string) {
	c.t.Helper()
	parsed, err := cases.ParseFile(text, cases.Only(c.object))
	if err != nil {
		c.unexecuted(what, err)
		return
	}
	if c.withoutPlaces && moves(parsed) {
		c.unreached++
		return
	}
	r, err := report.OfCase(parsed)
	switch {
	case err != nil && moves(parsed):
		c.around(what, parsed, err)
	case err != nil:
		c.unexecuted(what, err)
	case r.Verdict == report.Violated:
		c.found(r, parsed.String(), kept)
	default:
		c.t.Logf("%s holds now: keep it, so that it stays so", what)
	}
}

// moves says whether a case names places, which an edit of the code can move or remove.
func moves(c cases.Case) bool {
	return len(c.Switches) > 0 || c.Crash != nil && !c.Crash.Any
}

// schedulesAround are those in which the program of a case is explored whose places are gone.
const schedulesAround = 2000

// around explores the program of a case that could not be executed, for the reason why.
func (c *checking) around(what string, kept cases.Case, why error) {
	c.t.Helper()
	program, config := kept.Bare(), explore.Config{
		Subject: c.object, Name: c.name,
		Search: sched.Options{Strategy: "bounded", Preemptions: max(2, len(kept.Switches)), Schedules: schedulesAround, Seed: 1, Budget: shortLastResort},
	}
	if program.Crash != nil {
		config.Crash = &cases.Crash{Any: true, Model: program.Crash.Model}
		program.Crash = nil
	}
	config.Program = &program
	summary, err := explore.Run(c.context(), config)
	switch {
	case len(summary.Findings) > 0:
		for _, f := range summary.Findings {
			c.found(f.Report, f.Case, c.keep(f))
		}
		c.t.Logf("it was found in the program of %s, whose own places are gone: remove that one", what)
	case err != nil || summary.Verdict != explore.Held:
		c.unexecuted(what, errors.Join(why, err))
	default:
		c.t.Logf("%s cannot be executed any more (%v). %d schedules of its program hold: it may be removed",
			what, why, summary.Statistics.Schedules)
	}
}

// unexecuted fails the test: nothing is known of a case that failed once.
func (c *checking) unexecuted(what string, err error) {
	c.t.Helper()
	c.unjudged++
	c.t.Errorf("harness.Check: %s cannot be executed: %v; remove it if what it is about is gone", what, err)
}
