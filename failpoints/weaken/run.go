package weaken

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints/overlay"
)

// A Config says what to weaken, and which tests must notice.
type Config struct {
	Command  overlay.Command // racewindow test: the tests of its packages run
	Weaken   []string        // the packages that are weakened; nil means those of Command
	Known    []Known         // places that no test needs to notice
	Budget   time.Duration   // no further place is tried after this time; 0 means no limit
	Each     time.Duration   // time limit for one run of a test binary; 0 means five times its time without a change, at least 10 s
	Keeper   string          // a program for which IsKeeper returns true when the go command runs it
	Progress func(Progress)  // called before each step; nil for none
}

// Progress says what a run is doing.
type Progress struct {
	Step         string
	Tried, Of    int
	Not, Noticed int
}

// A Verdict says what a place's tests noticed.
type Verdict string

// The verdicts.
const (
	Noticed   Verdict = "noticed"
	Missed    Verdict = "missed"    // tests reach the place, and pass without it
	Unreached Verdict = "unreached" // no test reaches the place; for a check: no test makes anything go wrong there
	Untried   Verdict = "untried"   // the budget ran out
)

// A Result is a place and its verdict.
type Result struct {
	*Place
	Verdict Verdict `json:"verdict"`
	In      string  `json:"in,omitempty"`   // the package of the test that noticed
	Test    string  `json:"test,omitempty"` // the test that noticed
	How     string  `json:"how,omitempty"`  // how it noticed
	Tests   int     `json:"tests"`          // how many tests reach the place; a binary that runs as a whole counts as one
	Seconds float64 `json:"seconds"`

	again int // how often the test has failed again
}

// A Summary is the outcome of a run.
type Summary struct {
	Packages  []string  `json:"packages"` // those with places
	Tests     []string  `json:"tests"`    // those whose tests ran
	Results   []*Result `json:"results"`
	Left      []string  `json:"left,omitempty"`      // places that cannot be weakened, with the reason
	Stale     []string  `json:"stale,omitempty"`     // known places that a test does notice
	ByChance  []string  `json:"by_chance,omitempty"` // tests that failed and then did not fail again: such a failure counts as nothing
	Canary    string    `json:"canary"`
	Noticed   int       `json:"noticed"`
	Missed    int       `json:"missed"` // without a reason; includes Unreached ones
	Known     int       `json:"known"`  // missed, with a reason
	Untried   int       `json:"untried"`
	Seconds   float64   `json:"seconds"`
	Unchanged float64   `json:"seconds_unchanged"` // how long all tests took without a change
}

// ErrNothing says that there is nothing to weaken, or no test for it.
var ErrNothing = errors.New("nothing to weaken")

// A UsageError is a wrong call.
type UsageError struct{ error }

// Unwrap returns the error that says what is wrong.
func (e UsageError) Unwrap() error { return e.error }

// A session is one run.
type session struct {
	Config
	call     *overlay.Invocation
	env      []string
	folder   string
	found    *Found
	binaries []*binary
	summary  *Summary
	chancy   map[string]bool // the tests that have failed by chance, as Result.by names them
	began    time.Time
}

// Run weakens each place in turn, and returns what the tests noticed. It returns an error, and no summary, if the tests fail
// without a change, or if nothing could be judged.
func Run(ctx context.Context, c Config) (*Summary, error) {
	s := &session{Config: c, summary: &Summary{}, chancy: map[string]bool{}, began: time.Now(), env: c.Command.Env}
	if s.env == nil {
		s.env = os.Environ()
	}
	var err error
	if s.call, err = overlay.Read(c.Command); err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp("", "racewindow-weaken-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(s.folder)
	for _, step := range []func(context.Context) error{s.find, s.build, s.unchanged, s.alone, s.canary, s.each} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	s.summary.Seconds = time.Since(s.began).Seconds()
	return s.summary, nil
}

func (s *session) progress(step string, tried int) {
	if s.Progress != nil {
		s.Progress(Progress{step, tried, len(s.found.places()), s.summary.Missed, s.summary.Noticed})
	}
}

func (f *Found) places() []*Place {
	if f == nil {
		return nil
	}
	return f.Places
}

// find finds the places, and gives them the known reasons.
func (s *session) find(ctx context.Context) (err error) {
	s.progress("looking for places", 0)
	patterns := s.Weaken
	if len(patterns) == 0 {
		patterns = s.call.Packages
	}
	s.found, err = Find(ctx, Search{s.call.Dir, s.env, s.call.List, patterns})
	if err != nil {
		return err
	}
	if len(s.found.Places) == 0 {
		return fmt.Errorf("%w in %s: no sync, no comparison of a checksum, no check of a file operation's error; name packages that keep data",
			ErrNothing, strings.Join(patterns, " "))
	}
	s.summary.Packages, s.summary.Left = s.found.Packages, s.found.Left
	if err := Excuse(s.found.Places, s.Known); err != nil {
		return UsageError{err}
	}
	return nil
}

// build builds the test binaries of the packages that depend on a weakened one, and keeps them.
func (s *session) build(ctx context.Context) error {
	tests, err := s.dependants(ctx)
	if err != nil {
		return err
	}
	if len(tests) == 0 {
		return fmt.Errorf("%w: no package of %s has a test that needs %s: name packages with such tests (./... names all)",
			ErrNothing, strings.Join(s.call.Packages, " "), strings.Join(s.found.Packages, " "))
	}
	s.progress(fmt.Sprintf("building the tests of %d packages", len(tests)), 0)
	kept := filepath.Join(s.folder, "kept")
	if err := os.Mkdir(kept, 0o700); err != nil {
		return err
	}
	c := s.Command
	c.Dir, c.Change, c.Add = s.call.Dir, s.found.Changed, s.found.Added
	c.Args = slices.Concat(s.call.Before, []string{"-exec='" + s.Keeper + "'"}, tests, s.call.After)
	if s.call.Flags["vet"] == "" {
		c.Args = append([]string{"-vet=off"}, c.Args...)
	}
	c.Env = append(slices.Clone(s.env), environmentKeep+"="+kept)
	told := &firstBytes{most: mostOutput}
	c.Stdout, c.Stderr = told, io.MultiWriter(told, s.stderr())
	code, err := overlay.Run(ctx, c)
	if err == nil && code != 0 {
		err = fmt.Errorf("the tests cannot be built (exit code %d of go test):\n%s", code, lastLines(told.text()))
	}
	if err != nil {
		return err
	}
	if s.binaries, err = openKept(kept); err != nil {
		return err
	}
	for _, b := range s.binaries {
		b.name = s.packageIn(b.Dir)
		s.summary.Tests = append(s.summary.Tests, b.name)
	}
	if len(s.binaries) == 0 {
		return fmt.Errorf("%w: the packages with tests were built, and there is no test binary", ErrNothing)
	}
	return nil
}

func (s *session) stderr() io.Writer {
	if s.Command.Verbose && s.Command.Stderr != nil {
		return s.Command.Stderr
	}
	return io.Discard
}

// packageIn names a package by its folder, relative to that of the call.
func (s *session) packageIn(dir string) string {
	rel, err := filepath.Rel(s.call.Dir, dir)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return dir
	}
	if rel == "." {
		return rel
	}
	return "./" + filepath.ToSlash(rel)
}

// dependants lists the packages of the call with tests that need a package with places.
func (s *session) dependants(ctx context.Context) (tests []string, err error) {
	s.progress("looking for tests", 0)
	arguments := slices.Concat([]string{"list", "-test", "-json=ImportPath,Deps"}, s.call.List, []string{"--"}, s.call.Packages)
	cmd := exec.CommandContext(ctx, "go", arguments...)
	cmd.Dir, cmd.Env = s.call.Dir, append(slices.Clone(s.env), "PWD="+s.call.Dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list -test: %w\n%s", err, lastLines(stderr.String()))
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return tests, nil
		} else if err != nil {
			return nil, fmt.Errorf("understand go list: %w", err)
		}
		name, isTest := strings.CutSuffix(p.ImportPath, ".test")
		if isTest && slices.ContainsFunc(p.Deps, func(d string) bool {
			d, _, _ = strings.Cut(d, " [")
			return slices.Contains(s.found.Packages, d)
		}) {
			tests = append(tests, name)
		}
	}
}

// lastLines returns the end of an output, for an error.
func lastLines(text string) string {
	const most = 40
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(text, "\x16", ""), "\n"), "\n")
	if len(lines) > most {
		lines = lines[len(lines)-most:]
	}
	return strings.Join(lines, "\n")
}
