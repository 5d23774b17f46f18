package explore

import (
	"context"
	"fmt"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// lastResort bounds the search for one canary, in case a busy machine executes few schedules.
const lastResort = time.Minute

// canarySchedules bounds how many schedules look for one canary.
const canarySchedules = 200_000

// findCanaries checks that the search can find planted bugs of the kind that it looks for.
func (s *Summary) findCanaries(ctx context.Context, c Config) error {
	if !c.Canary && c.Crash == nil {
		return nil
	}
	all, err := c.Subject.Canaries(cases.Case{Subject: c.Subject, Crash: c.Crash})
	if err != nil {
		return fmt.Errorf("canary: %w", err)
	}
	var found, programs []string // programs has the program of each
	for _, canary := range all {
		if canary.Case.Crash == nil && !c.Canary {
			continue
		}
		words, err := s.findCanary(ctx, c, canary)
		if err != nil || words == "" {
			return err
		}
		found, programs = append(found, words), append(programs, canary.Case.String())
	}
	s.Canary = canariesFound(found, programs)
	return nil
}

// canariesFound names a program once for all canaries that were found in it.
func canariesFound(found, programs []string) (text string) {
	for i, words := range found {
		text += words
		switch {
		case i+1 == len(found):
			text += fmt.Sprintf(" of '%s'", programs[i])
		case programs[i] == programs[i+1]:
			text += ", "
		default:
			text += fmt.Sprintf(" of '%s'; ", programs[i])
		}
	}
	return text
}

// mostRaces bounds how many searches for one canary may find a data race instead.
const mostRaces = 100

// findCanary looks for a canary, and says how it was found. If a data race comes first, it is the subject's own, and a
// finding: the race detector reports it once in a process, so the search itself would miss it. Unless all findings are
// wanted, the words are then "".
func (s *Summary) findCanary(ctx context.Context, c Config, canary cases.Canary) (words string, err error) {
	for range mostRaces {
		race, words, err := searchCanary(ctx, canary, c.Search)
		if race == nil {
			return words, err
		}
		if err := s.add(ctx, c, canary.Case, *race); err != nil || !c.Search.All {
			return "", err
		}
	}
	return "", fmt.Errorf("%w (%s): each of %d searches found a data race instead", ErrCanary, canary.What, mostRaces)
}

func searchCanary(ctx context.Context, canary cases.Canary, o sched.Options) (race *sched.Finding, words string, err error) {
	o.Budget, o.Schedules, o.Progress, o.All, o.Class = lastResort, canarySchedules, nil, false, ""
	o.Reduced = false // a canary is a wrapper whose points, if any, are those of what it wraps
	o.Preemptions = max(o.Preemptions, 1)
	if canary.Case.Crash != nil {
		o.Strategy, o.Workers = "bounded", 1
	}
	r, err := sched.Search(ctx, canary.Plan.Scenario, o)
	switch {
	case ctx.Err() != nil:
		return nil, "", fmt.Errorf("interrupted before the canary was found: %w", ctx.Err())
	case err != nil && len(r.Findings) == 0:
		return nil, "", fmt.Errorf("canary: %w", err)
	case len(r.Findings) == 0:
		return nil, "", fmt.Errorf("%w (%s): %s showed nothing in %d schedules of '%v'; choose another strategy or seed", ErrCanary, canary.What, strategyName(o), r.Schedules, canary.Case)
	case r.Findings[0].Failure.Kind == sched.DataRace:
		return &r.Findings[0], "", nil
	case canary.Case.Crash != nil && cases.CrashOf(r.Findings[0].Failure) == nil && !cases.InAnyProgram(r.Findings[0].Failure):
		return nil, "", fmt.Errorf("%w: %s lost nothing in any crash", ErrCanary, canary.What)
	}
	return nil, fmt.Sprintf("%s was found in schedule %d", canary.What, r.Findings[0].After), nil
}

func strategyName(o sched.Options) string {
	if o.Strategy == "" {
		return "portfolio"
	}
	return o.Strategy
}
