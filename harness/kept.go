package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

// keptIn returns the folder of the test's kept cases, relative to the folder of its package.
func (c *checking) keptIn() string {
	return filepath.Join("testdata", "racewindow", filepath.FromSlash(caseName(c.name)))
}

// keep writes the case of a finding to where the next run finds it, and returns the file. It returns "" if the file
// cannot be written, in which case the finding is still in the test's output, or if the driving process keeps the
// findings.
func (c *checking) keep(f explore.Finding) string {
	if c.order.Unkept {
		return ""
	}
	if here, err := os.Getwd(); err == nil && foreign(here) {
		c.t.Logf("harness.Check: the case is not kept: %s is a vendor folder or a module cache, where nothing is written", here)
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

// foreign says whether a folder lies in a module's vendor folder, or in a module cache, where a module's folder has the
// version in its name.
func foreign(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		if versioned.MatchString(filepath.Base(dir)) {
			return true
		}
		if _, err := os.Stat(filepath.Join(dir, "modules.txt")); err == nil && filepath.Base(dir) == "vendor" {
			return true
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

var versioned = regexp.MustCompile(`@v\d+\.\d+\.\d+`)

// writeWhole writes a temporary file and renames it, so that a half-written file never replaces a good one.
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

// savedFiles returns the files of the kept cases, sorted by name.
func (c *checking) savedFiles() []string {
	files, _ := filepath.Glob(filepath.Join(c.keptIn(), "*.case")) // the pattern is well formed
	return files
}

// unplaced returns how many kept cases this build cannot execute.
func (c *checking) unplaced() int {
	if c.withoutPlaces {
		return c.unreached
	}
	return len(c.savedFiles())
}

// saved executes the kept cases, and says whether the test has failed.
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

// regression executes a case that failed before; kept is its file, or "" if it has none. A case that holds is logged as
// fixed. A case that cannot be executed fails the test, with one exception: if its places are no longer reached, as after a
// fix, its program is explored instead. A case that loses power is left to 'racewindow crash' if the order is to explore
// without crashes.
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
	if parsed.Crash != nil && c.order.Mode == drive.Explore && c.order.Crash == "" {
		c.leftToCrash++
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
		c.t.Logf("%s holds now: keep it as a regression test", what)
	}
}

// moves says whether a case names places, which an edit of the code can move or remove.
func moves(c cases.Case) bool {
	return len(c.Switches) > 0 || c.Crash != nil && !c.Crash.Any
}

// schedulesAround is how many schedules are explored of the program of a case whose places are gone.
const schedulesAround = 2000

// around explores the program of a case that could not be executed; why is the reason.
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
		c.t.Logf("it was found in the program of %s, whose own places are gone: remove that case", what)
	case err != nil || summary.Verdict != explore.Held:
		c.unexecuted(what, errors.Join(why, err))
	default:
		c.t.Logf("%s cannot be executed any more (%v). %d schedules of its program hold: it may be removed",
			what, why, summary.Statistics.Schedules)
	}
}

// unexecuted fails the test, because nothing is known about a case that failed before.
func (c *checking) unexecuted(what string, err error) {
	c.t.Helper()
	c.unjudged++
	c.t.Errorf("harness.Check: %s cannot be executed: %v; remove it if the code that it tests is gone", what, err)
}
