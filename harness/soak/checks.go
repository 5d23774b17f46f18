// Checks run before the first round: the harness must still see the bugs that it is known to see.

package soak

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

// What a check tries.
const (
	CheckCorpus  = "corpus"
	CheckCanary  = "canary"
	CheckFinding = "finding"
)

// A Check is the result of one preparation.
type Check struct {
	What   string `json:"what"`
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	// Skipped says that it could not be tried in this build. It has neither passed nor failed.
	Skipped bool        `json:"skipped,omitempty"`
	Detail  string      `json:"detail"`
	Took    Nanoseconds `json:"took_ns"`
	// Broken is the violation of a case of the corpus that should hold. It is a finding, not a fault of the harness.
	Broken *Found `json:"-"`
}

// A Preparation is something that must be seen before the first round.
type Preparation struct {
	What, Name string
	Run        func(ctx context.Context, seed uint64) (Check, error)
}

// check runs the preparations, and the cases of earlier findings.
func (s *Soak) check(ctx context.Context) error {
	began := s.config.Now()
	s.checks = began
	defer s.looksFor("")
	var all []Check
	var found []Finding
	var failed error
	for _, p := range append(s.config.Checks[:len(s.config.Checks):len(s.config.Checks)], s.known()...) {
		if ctx.Err() != nil {
			break
		}
		start := s.config.Now()
		s.looksFor(p.What + " " + p.Name)
		c, err := p.Run(withHearer(ctx, s.hear), s.config.Seed)
		c.What, c.Name, c.Took = p.What, p.Name, s.config.Now().Sub(start)
		if err != nil {
			c.Passed, c.Detail = false, err.Error()
		}
		switch {
		case p.What == CheckFinding:
			found = append(found, Finding{Fingerprint: p.Name, Gone: c.Passed})
			c.Passed = true // the check is only that the case was tried
		case c.Broken != nil:
			kept, err := s.keepAll([]Found{*c.Broken}, RoundSpec{Kind: p.What, Variant: p.Name, For: time.Second})
			if err != nil {
				return err
			}
			found = append(found, kept...)
		case !c.Passed && !c.Skipped && ctx.Err() == nil && failed == nil:
			failed = fmt.Errorf("%w: %s %s: %s", ErrChecks, c.What, c.Name, c.Detail)
		}
		if !c.Passed || p.What == CheckCanary {
			s.config.Say(fmt.Sprintf("%s %s: %s", c.What, c.Name, Clip(c.Detail, 300)))
		}
		all = append(all, c)
	}
	err := s.append(Entry{Type: entryChecks, Checks: all, Took: s.config.Now().Sub(began), Findings: found})
	return errors.Join(failed, err)
}

// looksFor records which check runs now, for the views.
func (s *Soak) looksFor(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checking, s.since, s.progress = what, s.config.Now(), nil
}

// known are preparations that execute the cases of all findings again: one that holds now is fixed, and one that was fixed may
// be back.
func (s *Soak) known() (all []Preparation) {
	for _, print := range slices.Sorted(maps.Keys(s.state.Findings)) {
		f := s.state.Findings[print]
		again := s.again(f)
		if again == nil {
			continue
		}
		gone := f.Gone
		all = append(all, Preparation{CheckFinding, print, func(ctx context.Context, _ uint64) (Check, error) {
			got, err := again(ctx)
			if err != nil { // the case cannot be executed any more, or its result varies: this says nothing new
				return Check{Passed: gone, Detail: err.Error()}, nil
			}
			return Check{Passed: got == Holds, Detail: got}, nil
		}})
	}
	return all
}

// again returns the function that executes a finding's case again, nil if there is no such case.
func (s *Soak) again(f *Finding) func(context.Context) (class string, err error) {
	if c, err := s.config.Subjects.parse(f.Case); err == nil {
		if len(c.Delays) > 0 {
			return nil
		}
		return func(context.Context) (string, error) {
			got, _, err := shows(c)
			return got, err
		}
	}
	spec, err := ParseRound(f.Round)
	if err != nil || f.Case == "" {
		return nil
	}
	for _, k := range s.config.Kinds {
		if r, ok := k.(Replayer); ok && k.Name() == spec.Kind && slices.Contains(k.Variants(), spec.Variant) {
			return func(ctx context.Context) (string, error) { return r.Replay(ctx, spec.Variant, f.Case) }
		}
	}
	return nil
}

// shows executes a case three times and returns the class of its failure, or Holds. Different results are an error.
func shows(c cases.Case) (got string, f *sched.Failure, err error) {
	program := c.Clone()
	program.Switches = nil
	plan, err := program.Subject.Plan(program)
	if err != nil {
		return "", nil, err
	}
	runner := sched.NewRunner(plan.Scenario, sched.Options{})
	for i := range 3 {
		now := Holds
		if f = runner.Replay(c.Switches, false).Failure; f != nil {
			now = f.Class()
		}
		if i > 0 && now != got {
			return "", f, fmt.Errorf("it shows %s first, and %s when it is executed again", got, now)
		}
		got = now
	}
	return got, f, nil
}

// Corpus makes a preparation of each case file in a folder. A file has a line '# expect: holds', or with the class of a failure
// instead of holds.
func Corpus(folder string, find cases.Find) ([]Preparation, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.case"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: %s holds no case (*.case): a campaign begins with the known bugs", ErrConfig, folder)
	}
	var all []Preparation
	for _, file := range files {
		all = append(all, Preparation{CheckCorpus, filepath.Base(file), func(context.Context, uint64) (Check, error) { return checkCase(file, find) }})
	}
	return all, nil
}

func checkCase(file string, find cases.Find) (Check, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Check{}, err
	}
	c, err := cases.ParseFile(string(content), find)
	if err != nil {
		return Check{}, err
	}
	_, rest, found := strings.Cut(string(content), "# expect: ")
	want, _, _ := strings.Cut(rest, "\n")
	if want = strings.TrimSpace(want); !found || want == "" {
		return Check{}, errors.New("it does not say what to expect: '# expect: holds', or the class of a failure")
	}
	if c.Crash != nil && sched.UnderRaceDetector() {
		return Check{Skipped: true, Detail: "not tried: a case with a crash needs a build without -race"}, nil
	}
	got, f, err := shows(c)
	if err != nil {
		return Check{}, err
	}
	check := Check{Passed: got == want, Detail: got}
	if !check.Passed {
		check.Detail = fmt.Sprintf("shows %s, not %s", got, want)
	}
	if want == Holds && f != nil && f.Kind != sched.Unusable {
		check.Broken = &Found{Class: got, Case: c.String(), Detail: f.Message, Count: 1}
		if r, err := report.OfCase(c); err == nil {
			check.Broken.Report = r
		}
	}
	return check, nil
}
