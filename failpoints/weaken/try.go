package weaken

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// longEnough is how long the tests of a binary must take before they are first run one at a time, to find out which of
// them reach a place.
const longEnough = 2 * time.Second

// quick is how long the quickest tests of a place may take together; they run before the others.
const quick = time.Second

// unchanged runs all tests without a change. They must pass.
func (s *session) unchanged(ctx context.Context) error {
	reached := 0
	for i, b := range s.binaries {
		s.progress(fmt.Sprintf("running the tests of %s without a change, package %d of %d", b.name, i+1, len(s.binaries)), 0)
		o, err := b.run(ctx, s.env, nil, 0, unchangedLimit)
		if err != nil {
			return err
		}
		if o.failed {
			return fmt.Errorf("the tests of %s fail without any change, so they cannot notice one: %s %s\n%s", b.name, o.test, o.how, lastLines(o.output))
		}
		s.summary.Unchanged += o.took.Seconds()
		b.units = []*unit{{"", o.reached, o.took}}
		reached += len(o.reached)
		if o.took > longEnough && len(o.finished) > 1 && len(o.reached) > 0 && b.divisible() {
			b.units = nil
			for _, test := range o.finished {
				b.units = append(b.units, &unit{test: test})
			}
		}
	}
	if reached == 0 {
		return fmt.Errorf("%w: no test reaches any of the %d places of %s", ErrNothing, len(s.found.Places), strings.Join(s.found.Packages, " "))
	}
	return nil
}

// unchangedLimit is how long the tests of a package may take without a change, as for go test.
const unchangedLimit = 10 * time.Minute

// limit is how long a run may take if it took that long without a change.
func (s *session) limit(took time.Duration) time.Duration {
	if s.Each > 0 {
		return s.Each
	}
	return max(leastTime, timesSlower*took).Round(time.Second)
}

// divisible says whether the tests of a binary can be named one by one: the call chooses no subtests.
func (b *binary) divisible() bool {
	return !slices.ContainsFunc(b.Arguments, func(a string) bool {
		return strings.HasPrefix(strings.TrimLeft(a, "-"), "test.run=") && strings.Contains(a, "/")
	})
}

// alone runs each test by itself, without a change. If a test fails then, it needs the others, so all tests of its
// package run together.
func (s *session) alone(ctx context.Context) error {
	for _, b := range s.binaries {
		for i, u := range b.units {
			if u.test == "" {
				break
			}
			s.progress(fmt.Sprintf("running each test of %s alone, %d of %d", b.name, i+1, len(b.units)), 0)
			o, err := b.run(ctx, s.env, []string{u.test}, 0, unchangedLimit)
			if err != nil {
				return err
			}
			if o.failed {
				if b.units, err = s.together(ctx, b); err != nil {
					return err
				}
				break
			}
			u.reached, u.took = o.reached, o.took
		}
	}
	return nil
}

// together makes all tests of a binary one unit.
func (s *session) together(ctx context.Context, b *binary) ([]*unit, error) {
	o, err := b.run(ctx, s.env, nil, 0, unchangedLimit)
	if err == nil && o.failed {
		err = fmt.Errorf("the tests of %s passed, and now fail without any change: %s %s\n%s", b.name, o.test, o.how, lastLines(o.output))
	}
	return []*unit{{"", o.reached, o.took}}, err
}

// canary ends the tests of each binary at the first place that they reach. If they pass all the same, the switch has no
// effect there, and no verdict would mean anything.
func (s *session) canary(ctx context.Context) error {
	for _, b := range s.binaries {
		units := b.reaching(0)
		if len(units) == 0 {
			continue
		}
		s.progress("canary: ending the tests of "+b.name+" at the first place", 0)
		o, err := b.run(ctx, s.env, names(units[:1]), Canary, s.limit(units[0].took))
		if err != nil {
			return err
		}
		if !o.failed {
			return fmt.Errorf("the canary was missed: a test of %s that reaches a place (%s) passes although the canary ends it there, so no verdict would mean anything",
				b.name, units[0].said())
		}
		s.summary.Canary = "caught: a place that ends the test process"
	}
	return nil
}

func (u *unit) said() string {
	if u.test == "" {
		return "all of them"
	}
	return u.test
}

// reaching returns the units that reach a place, or any place for 0, the quickest first.
func (b *binary) reaching(place int) []*unit {
	units := slices.DeleteFunc(slices.Clone(b.units), func(u *unit) bool {
		return len(u.reached) == 0 || place > 0 && !u.reached[place]
	})
	slices.SortStableFunc(units, func(x, y *unit) int { return int(x.took - y.took) })
	return units
}

func names(units []*unit) (tests []string) {
	for _, u := range units {
		if u.test != "" {
			tests = append(tests, u.test)
		}
	}
	return tests
}

// batches splits the units of a place: first those that take little time together, then the others.
func batches(units []*unit) (all [][]*unit) {
	total := time.Duration(0)
	for i, u := range units {
		if total += u.took; total > quick && i > 0 {
			return [][]*unit{units[:i], units[i:]}
		}
	}
	if len(units) == 0 {
		return nil
	}
	return [][]*unit{units}
}

// each weakens one place after the other.
func (s *session) each(ctx context.Context) error {
	for i, p := range s.found.Places {
		s.progress(p.Name(), i)
		r := &Result{Place: p}
		s.summary.Results = append(s.summary.Results, r)
		if err := s.timed(ctx, r); err != nil {
			return err
		}
		s.summary.count(r, 1)
	}
	for i, r := range s.summary.Results {
		if r.Verdict != Noticed || !s.chancy[r.by()] || r.again >= againChancy {
			continue
		}
		s.progress(r.Name()+", once more: its test fails by chance", i)
		s.summary.count(r, -1)
		*r = Result{Place: r.Place, Seconds: r.Seconds}
		if err := s.timed(ctx, r); err != nil {
			return err
		}
		s.summary.count(r, 1)
	}
	for _, r := range s.summary.Results {
		if r.Verdict == Noticed && r.Reason != "" {
			s.summary.Stale = append(s.summary.Stale, fmt.Sprintf("%s: %s notices it (%s)", r.Name(), r.Test, r.How))
		}
	}
	s.summary.ByChance = slices.Sorted(maps.Keys(s.chancy))
	return nil
}

// timed tries a place if there is time left.
func (s *session) timed(ctx context.Context, r *Result) error {
	if s.Budget > 0 && time.Since(s.began) > s.Budget {
		r.Verdict = Untried
		return nil
	}
	began := time.Now()
	err := s.try(ctx, r)
	r.Seconds += time.Since(began).Seconds()
	return err
}

// count adds n for a result.
func (s *Summary) count(r *Result, n int) {
	switch {
	case r.Verdict == Untried:
		s.Untried += n
	case r.Verdict == Noticed:
		s.Noticed += n
	case r.Reason != "":
		s.Known += n
	default:
		s.Missed += n
	}
}

// try weakens one place, and runs the tests that reach it until one of them notices.
func (s *session) try(ctx context.Context, r *Result) error {
	r.Verdict = Unreached
	for _, b := range s.binaries {
		noticed, err := s.tryIn(ctx, b, r)
		if noticed || err != nil {
			return err
		}
	}
	return nil
}

// tryIn is try for the tests of one binary.
func (s *session) tryIn(ctx context.Context, b *binary, r *Result) (noticed bool, err error) {
	units := b.reaching(r.Number)
	for _, batch := range batches(units) {
		r.Verdict = Missed
		noticed, spoiled, err := s.notices(ctx, b, batch, r)
		switch {
		case err != nil:
			return false, err
		case spoiled:
			if b.units, err = s.together(ctx, b); err != nil {
				return false, err
			}
			return s.tryIn(ctx, b, r)
		case noticed:
			r.Tests += len(units)
			return true, nil
		}
	}
	r.Tests += len(units)
	return false, nil
}

const (
	// mostByChance is how often tests of a batch may fail by chance before its failures count as nothing.
	mostByChance = 3
	// againOnce and againChancy are how often a test that failed must fail again before it counts as one that noticed. The second
	// is for a test that has failed by chance before.
	againOnce   = 1
	againChancy = 4
)

// notices runs a batch with a place weakened. A failure that does not show again came by chance: a test that waits too short a
// time, say, fails on a busy machine with the change and without it. The batch is spoiled if it fails without the change, too: its
// tests fail because of what an earlier run has left, in their folder, say, and only all tests together pass after it.
func (s *session) notices(ctx context.Context, b *binary, batch []*unit, r *Result) (noticed, spoiled bool, err error) {
	took := time.Duration(0)
	for _, u := range batch {
		took += u.took
	}
	limit := s.limit(took)
	for range mostByChance {
		o, err := b.run(ctx, s.env, names(batch), r.Number, limit)
		if err != nil || !o.failed {
			return false, false, err
		}
		r.In, r.Test, r.How = b.name, o.test, o.how
		needs := againOnce
		if s.chancy[r.by()] {
			needs = againChancy
		}
		if r.again, err = s.failsAgain(ctx, b, batch, r, limit, needs); err != nil {
			return false, false, err
		}
		control := outcome{}
		if r.again == needs {
			if control, err = b.run(ctx, s.env, names(batch), 0, unchangedLimit); err != nil {
				return false, false, err
			}
			if !control.failed {
				r.Verdict = Noticed
				return true, false, nil
			}
		}
		by := r.by()
		r.In, r.Test, r.How, r.again = "", "", "", 0
		if control.failed && len(names(batch)) > 0 {
			return false, true, nil
		}
		s.chancy[by] = true
	}
	return false, false, nil
}

// failsAgain runs what failed until it passes, at most so many times, and says how often it failed: the test by itself if it is
// known to pass by itself, else with the others, of which another may be the first to fail.
func (s *session) failsAgain(ctx context.Context, b *binary, batch []*unit, r *Result, limit time.Duration, most int) (again int, err error) {
	byItself := len(batch) > 1 && slices.Contains(names(batch), r.top())
	for again < most {
		o := outcome{}
		if byItself {
			if o, err = b.run(ctx, s.env, []string{r.top()}, r.Number, limit); err != nil {
				return again, err
			}
		}
		if !o.failed {
			if o, err = b.run(ctx, s.env, names(batch), r.Number, limit); err != nil || !o.failed {
				return again, err
			}
		}
		again++
	}
	return again, nil
}

// top is the test that noticed, without its subtest.
func (r *Result) top() string {
	top, _, _ := strings.Cut(r.Test, "/")
	return top
}

// by names the test that noticed, and its package.
func (r *Result) by() string { return r.top() + " in " + r.In }
