// Package analysis checks what was said of the known bug and its fixes against the real code, exhaustively. It also finds the
// smallest case of a violation that a stress run saw.
package analysis

import (
	"context"
	"errors"
	"math/rand"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// givenProgram is how many schedules of the given program each of two strategies executes, if there is time.
const givenProgram = 20_000

// Minimal searches for a smallest case of a violation that was seen elsewhere: first in the given program (its threads alone),
// then in drawn ones. It prefers a violation with the fingerprint (check.Violation.Fingerprint), and otherwise takes one that
// breaks the same promise. It returns nil if the budget ends first.
func Minimal(ctx context.Context, handover, program, fingerprint string, budget time.Duration) (*report.Report, error) {
	until := time.Now().Add(budget)
	header := "v1 scenario=log handover=" + handover
	if program != "" {
		c, err := cases.Parse(header + "; " + program)
		if err != nil {
			return nil, err
		}
		for _, o := range []sched.Options{{Strategy: "bounded", Preemptions: 1}, {Strategy: "random"}} {
			o.Schedules, o.Budget = givenProgram, budget/4
			if r, err := minimalOf(ctx, c, fingerprint, o); r != nil || err != nil {
				return r, err
			}
		}
	}
	random := rand.New(rand.NewSource(1))
	for time.Now().Before(until) && ctx.Err() == nil {
		c := cases.Draw(random, cases.Shape{Threads: 3, Operations: 3, Small: true})
		c.Options.Handover = handover
		if r, err := minimalOf(ctx, c, fingerprint, sched.Options{Strategy: "random", Schedules: 200, Budget: time.Until(until)}); r != nil || err != nil {
			return r, err
		}
	}
	return nil, ctx.Err()
}

func minimalOf(ctx context.Context, c cases.Case, fingerprint string, o sched.Options) (*report.Report, error) {
	scenario, err := c.Scenario()
	if err != nil {
		return nil, err
	}
	o.Seed, o.Class = 1, fingerprint
	r, err := sched.Search(ctx, scenario, o)
	if err != nil && !errors.Is(err, sched.ErrUnjudged) { // another search may still find a case
		return nil, err
	}
	promise, _, _ := strings.Cut(fingerprint, "/")
	slices.SortStableFunc(r.Findings, func(a, b sched.Finding) int { return rank(a, fingerprint) - rank(b, fingerprint) })
	for _, f := range r.Findings {
		if !strings.HasPrefix(f.Failure.Class(), promise) {
			continue
		}
		found := c.Clone()
		found.Switches = f.Schedule
		m, err := shrink.Minimize(ctx, found.General(), shrink.Limits{Budget: 10 * time.Second})
		if err != nil {
			return nil, err
		}
		return report.New(m, found.General(), f.Preemptions)
	}
	return nil, nil
}

// rank is 0 for a finding of the class, 1 for any other.
func rank(f sched.Finding, class string) int {
	if f.Failure.Class() == class {
		return 0
	}
	return 1
}
