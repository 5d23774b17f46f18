package explore

import (
	"context"
	"fmt"

	"github.com/racewindow/racewindow/harness/columns"
)

// The verdicts of an exploration.
const (
	Held     = "held"
	Violated = "violated"
	// NoVerdict means that an exploration judged nothing, or ended too early. It is not a pass.
	NoVerdict = "no verdict"
)

// conclude sets the verdict. Findings stand, whatever else went wrong.
func (s *Summary) conclude(ctx context.Context, c Config, failed error) {
	s.Verdict, s.Because = Held, s.unjudged(ctx, c)
	if s.Because == "" && failed != nil {
		s.Because = failed.Error()
	}
	if s.Because != "" {
		s.Verdict = NoVerdict
		s.Claims = nil
	}
	if len(s.Findings) > 0 {
		s.Verdict = Violated
	}
}

// unjudged says why an exploration without findings has no verdict, or "" if it has one.
func (s *Summary) unjudged(ctx context.Context, c Config) string {
	done := s.Statistics
	switch {
	case ctx.Err() != nil:
		return "it was interrupted"
	case done.Schedules == 0:
		return "no schedule was executed: " + s.Ended
	case done.Unknown >= done.Schedules:
		return fmt.Sprintf("none of %d schedules was judged: each came to the limit of %d choices and was given up", done.Schedules, done.MaxSteps)
	case c.DrawFaults > 0 && s.Crashes.Faults == 0:
		return fmt.Sprintf("no fault came in %s of %s: give it more schedules or more time, or each program fewer of them (--per-program), because its faults are its own", columns.Count(done.Schedules, "schedule"), columns.Count(s.Programs, "program"))
	case c.Crash != nil && s.Crashes.Recoveries == 0:
		return "no disk was recovered from after a crash: give it more time"
	case c.Crash != nil && s.Crashes.Exposed == 0:
		return fmt.Sprintf("nothing that a program had done could be lost at any of %d steps: let it do what lasts, and is not durable at once", s.Crashes.Moments)
	case c.Exhaustive:
		return s.notExhausted(c)
	}
	return ""
}

// notExhausted says what is missing for the requested claim, or "".
func (s *Summary) notExhausted(c Config) string {
	bound := fmt.Sprintf("every schedule within --preemptions %d", c.Search.Preemptions)
	if n := len(s.Exhausted); n > 0 && (s.Exhausted[n-1].Bound >= c.Search.Preemptions || s.Exhausted[n-1].Complete) {
		return ""
	}
	switch {
	case s.Crashes.Partial > 0:
		return fmt.Sprintf("NOT exhausted: %s before every disk of %s was tried; give it more time, or fewer --preemptions", s.Ended, bound)
	case s.Statistics.Unknown > 0:
		return fmt.Sprintf("NOT exhausted: %d of %d schedules came to the limit of %d choices and were not judged", s.Statistics.Unknown, s.Statistics.Schedules, s.Statistics.MaxSteps)
	}
	return fmt.Sprintf("NOT exhausted: %s before %s was executed; give it more time, or fewer --preemptions", s.Ended, bound)
}
