package explore

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
)

// Smallest makes a case smaller, and reports it. If the case has no schedule and does not fail without one, Smallest first
// explores every schedule with at most two preemptions. progress, if not nil, is told what Smallest does.
func Smallest(ctx context.Context, c cases.Case, progress func(Progress)) (*report.Report, error) {
	m, err := shrink.Minimize(ctx, c, shrink.Limits{})
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted while the case was made smaller: %w", ctx.Err())
	case err == nil:
		return report.New(m, c, m.Preemptions)
	case !errors.Is(err, shrink.ErrNotShown) || len(c.Switches) > 0:
		return nil, err
	}
	s, err := Run(ctx, Config{
		Subject: c.Subject, Program: &c, Crash: c.Crash, Exhaustive: true, Progress: progress,
		Search: sched.Options{Strategy: "bounded", Preemptions: 2},
	})
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted while the case was made smaller: %w", ctx.Err())
	case len(s.Findings) > 0:
		return s.Findings[0].Report, nil
	case err != nil:
		return nil, err
	case s.Verdict != Held:
		return nil, fmt.Errorf("nothing was found, and that says nothing: %s", s.Because)
	}
	return nil, fmt.Errorf("the case holds, and so do all %d schedules with at most 2 preemptions: there is nothing to shrink", s.Statistics.Schedules)
}
