package explore

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/sched"
)

// Lines describes a search of c and its results, after the verdict: undeclared points, what was exhausted, crashes, faults,
// second opinions and the canary. It leaves out whatever there was none of.
func (s *Summary) Lines(c Config) (lines []string) {
	say := func(text string, values ...any) { lines = append(lines, fmt.Sprintf(text, values...)) }
	if undeclared := s.Statistics.UndeclaredWords(); undeclared != "" {
		say("%s", undeclared)
	}
	if n := s.Statistics.Unknown; n > 0 {
		limit := c.Search.StepLimit
		if limit == 0 {
			limit = sched.DefaultStepLimit
		}
		say("unknown: %s did not end within %d choices, and say nothing: raise --step-limit", columns.Count(n, "schedule"), limit)
	}
	if s.Estimate != nil {
		say("estimate: %s", s.Estimate.Words(c))
	}
	lines = append(lines, s.Tried.lines(s, c.Subject)...)
	if len(s.Claims) > 0 && len(s.Findings) == 0 {
		say("%s", s.Claims[len(s.Claims)-1])
	}
	if s.Crashes.Moments > 0 {
		say("%s", s.crashes(c))
	}
	if n := s.Crashes.Partial; n > 0 {
		say("tried in part: %s, of which not every disk was tried before it was over", columns.Count(n, "schedule"))
	}
	if s.Crashes.Faults > 0 {
		say("faults: %d came", s.Crashes.Faults)
	}
	if s.SecondOpinions > 0 {
		say("second opinion: porcupine agreed with the checker on %d histories", s.SecondOpinions)
	}
	if s.Canary != "" {
		say("canary: %s", s.Canary)
	}
	return lines
}

// crashes is the line of the crashes.
func (s *Summary) crashes(c Config) string {
	crash, model, lives := c.Crash, "", ""
	if c.Program != nil && c.Program.Crash != nil {
		crash = c.Program.Crash
	}
	if crash != nil {
		model = fmt.Sprintf(" (%v)", crash.Model)
	}
	d := s.Crashes
	if d.SecondLives > 0 {
		lives = fmt.Sprintf(", %d of them after a second life", d.SecondLives)
	}
	return fmt.Sprintf("crashes%s: %s, at %d of them something could be lost; %s, %d of them drawn, %d distinct; %s of the process; %d recoveries (%.0f/s)%s",
		model, columns.Count(d.Moments, "step"), d.Unsynced, columns.Count(d.Disks, "disk"), d.Drawn, d.Distinct, columns.Count(d.Kills, "death"), d.Recoveries, float64(d.Recoveries)/max(s.Statistics.Duration.Seconds(), 0.001), lives)
}
