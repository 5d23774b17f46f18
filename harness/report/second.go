package report

import (
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// askAgain has the history judged by another checker, where the subject has one. A disagreement is an error: one of the two is
// wrong, and a report must not say which.
func (r *Report) askAgain(p *cases.Plan, f *sched.Failure) (err error) {
	if p.Opinion != nil {
		r.SecondOpinion, err = p.Opinion(f)
	}
	return err
}
