package soak

import (
	"context"
	"time"

	"github.com/racewindow/racewindow/harness/explore"
)

// Explore explores drawn programs of a subject under the scheduler: a round is one search of package explore, and its count
// counts schedules. What a round with a count finds does not depend on the number of cores.
type Explore struct {
	// Label is the name of the kind.
	Label string
	// Of are the variants. Run also takes others: those with known bugs.
	Of []string
	// Config makes the settings of a round's search. Run sets the seed and the budgets, and makes the search go on after a
	// finding. Config.Name is the hand-over, if there are several.
	Config func(spec RoundSpec) (explore.Config, error)
}

// Name is the label.
func (e Explore) Name() string { return e.Label }

// Variants are those in Of.
func (e Explore) Variants() []string { return e.Of }

// shrunkPerClass is how many findings of one class a round shrinks. It is more than one, so that a frequent bug does not hide a
// rare one of the same class. shrinkFor is the time for shrinking each.
const (
	shrunkPerClass = 8
	shrinkFor      = 10 * time.Second
)

// Run explores until the round's time is over, or its count of schedules is executed.
func (e Explore) Run(ctx context.Context, spec RoundSpec) (RoundResult, error) {
	c, err := e.Config(spec)
	if err != nil {
		return RoundResult{}, err
	}
	c.Search.Seed, c.Search.Schedules, c.Search.Budget, c.Search.All = spec.Seed, int(spec.Count), spec.For, true
	c.PerClass, c.Shrink.Budget = shrunkPerClass, shrinkFor
	if spec.First {
		c.Search.All, c.Shrink.Budget = false, time.Millisecond
	}
	c.Progress = func(p explore.Progress) {
		if spec.Progress != nil {
			spec.Progress(Counts{CountSchedules: p.Statistics.Schedules, CountPrograms: uint64(p.Program)})
		}
	}
	s, err := explore.Run(ctx, c)
	r := doneIn(spec, s.Done())
	r.Handover = c.Name
	for _, f := range s.Findings {
		r.Found = append(r.Found, Found{Class: f.Class, Report: f.Report, Case: f.Case, Count: f.Count})
	}
	switch {
	case len(r.Found) > 0:
	case err != nil && ctx.Err() == nil:
		return r, err
	case s.Verdict == explore.NoVerdict:
		r.Inconclusive = s.Because
	default:
		r.Inconclusive = spec.CutShort(s.Statistics.Schedules, CountSchedules)
	}
	return r, nil
}
