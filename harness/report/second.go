package report

import (
	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
)

// askAgain has the history judged by another checker. A disagreement is an error: one of the two is wrong, and a report must not
// say which.
func (r *Report) askAgain(c cases.Case, f *sched.Failure, h *history.Recorder) error {
	v := cases.Violation(f)
	if f != nil && v == nil || !cases.InHistory(f) {
		return nil // of a panic, a deadlock or what a crash leaves a model of the log says nothing
	}
	var names []string
	for _, t := range c.Threads {
		names = append(names, t.Name)
	}
	sentence, err := history.SecondOpinion(h.Calls(), names, v)
	r.SecondOpinion = sentence
	return err
}
