package report

import (
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// askAgain lets a second checker judge the history, if the subject has one. A disagreement is an error: one of the two
// checkers is wrong, and the report must not decide which.
func (r *Report) askAgain(p *cases.Plan, f *sched.Failure) (err error) {
	if p.Opinion != nil {
		r.SecondOpinion, err = p.Opinion(f)
	}
	return err
}
